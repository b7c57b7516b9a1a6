"""
In a scikit-learn pipeline
==========================

`KMeansQuantizer` is `kmeans` as an estimator: it finds the same, to the last bit, and
stands where ``sklearn.cluster.KMeans`` would.
"""

# %%

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_kmeans import KMeansQuantizer

wine = load_wine(as_frame=True)
raw = KMeansQuantizer(n_clusters=3)
scaled = make_pipeline(StandardScaler(), KMeansQuantizer(n_clusters=3))
labels = {
    "as it is": raw.fit_predict(wine.data),
    "scaled": scaled.fit_predict(wine.data),
}
for name, found in labels.items():
    print(
        f"{name:8} agrees with the sorts: {adjusted_rand_score(wine.target, found):.2f}"
    )

# %%

_, axes = plt.subplots(1, 3, figsize=(9, 2.8), layout="constrained", sharey=True)
for ax, (name, found) in zip(axes, {"three sorts": wine.target, **labels}.items()):
    ax.scatter(wine.data["proline"], wine.data["hue"], c=found, cmap="viridis", s=10)
    ax.set(title=name, xlabel="proline")
axes[0].set_ylabel("hue")
plt.show()

# %%
# It takes scikit-learn 1.5 or newer: ``pip install scikit-learn``.
#
# Read on: `KMeansQuantizer`, which has ``predict``, ``transform`` and ``score``, too.
