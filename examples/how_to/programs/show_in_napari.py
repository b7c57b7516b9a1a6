"""
Show a result in napari
=======================

`to_layers` makes layers of a result: the quantized image, the labels in the colors of
their clusters, and the centers as points.
"""

# %%

from skimage.data import coffee

from napari_kmeans import one_layer_each, quantize, to_layers

# sphinx_gallery_thumbnail_path = 'images/photo.png'

result = quantize(coffee(), k=5)
for data, attributes, kind in to_layers(result, "coffee"):
    print(f"{kind:7} {attributes['name']:17} {data.shape}")

# %%
# In a viewer. With a layer in place of the name, the new layers lie where it lies, in
# its units::
#
#     import napari
#     from napari.layers import Layer
#
#     viewer = napari.Viewer()
#     photo = viewer.add_image(coffee(), name="coffee")
#     for layer in to_layers(result, photo):
#         viewer.add_layer(Layer.create(*layer))
#     napari.run()
#
# .. image:: /images/photo.png
#    :class: window
#    :alt: A photo in napari, with its five clusters as layers and as a table
#
# One Labels layer for each cluster, to show, paint on and save one by one:

for _, attributes, kind in one_layer_each(result.labels, result.palette, "coffee"):
    print(f"{kind:7} {attributes['name']}")

# %%
# From the command line, ``napari-kmeans quantize photo.png --show``.
#
# Read on: `to_layers`, `one_layer_each`, and `cloud` for the colors in 3-D. The
# window itself: :doc:`/how_to/programs/window_from_a_script`.
