"""
Drive the window from a script
==============================

Whatever you can do in the window is a method, which waits for its end: for a macro, a
demonstration, or a test.
"""

# %%
# ::
#
#     import napari
#     from skimage.data import coffee
#
#     viewer = napari.Viewer()
#     viewer.add_image(coffee(), name="photo")
#     dock, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
#     widget.layer.value = viewer.layers["photo"]
#     widget.k.value = 5  # also criteria, max_iter, attempts, init, seed ...
#     widget.run(block=True)  # without block=True it runs in a worker
#
#     clusters = widget.desk.clusters
#     clusters.merge([2, 3])  # also split, rename, recolor, undo, despeckle ...
#     print(clusters.table)
#     clusters.save("photo.kmeans.json")
#     print(clusters.code)  # this very result as a script, as Copy as Python gives it
#
# .. image:: /images/clusters.png
#    :class: window
#    :alt: The panel of clusters, with a row selected and its cluster seen alone
#
# The other way, from the window to a script, is **Export > Copy as Python**. It gives
# code that needs no window:

from skimage.data import coffee

from napari_kmeans import quantize

# sphinx_gallery_thumbnail_path = 'images/clusters.png'

palette = quantize(coffee(), k=5).palette
palette = palette.merge([2, 3])
palette

# %%
# Read on: more edits, :doc:`/how_to/clusters/merge_clusters`; layers of your own,
# :doc:`/how_to/programs/show_in_napari`.
