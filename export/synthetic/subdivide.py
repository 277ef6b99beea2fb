"""Catmull-Clark subdivision, as a matrix: subdivided = matrix @ vertices.

The rules are those of Catmull and Clark (1978), with the usual cubic B-spline curve along open borders.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from export.synthetic.mesh import Array

IntArray = NDArray[np.int64]


def subdivide(faces: IntArray, uv: Array, count: int) -> tuple[IntArray, Array, sparse.csr_array]:
    """One level. ``faces`` (F, 4) with -1 in the last column of a triangle, ``uv`` one row a face corner.

    Returns the quads (Q, 4), their corners' uv (4 Q, 2), and the matrix (new vertices, ``count``). New vertices are the
    old ones moved, then one an edge, then one a face.
    """
    faces = np.asarray(faces, np.int64)
    sizes = (faces >= 0).sum(axis=1)
    owner = np.repeat(np.arange(len(faces)), sizes)  # face of each corner
    corner = faces[faces >= 0]
    following, preceding = _neighbours(sizes)
    edges, edge = np.unique(np.sort(np.stack([corner, corner[following]], axis=1), axis=1), axis=0, return_inverse=True)
    edge = edge.reshape(-1)
    n_edges, n_faces = len(edges), len(faces)

    to_faces = _matrix(1.0 / sizes[owner], owner, corner, (n_faces, count))
    ends = np.repeat(np.arange(n_edges), 2)
    middles = _matrix(np.full(2 * n_edges, 0.5), ends, edges.ravel(), (n_edges, count))
    sharing = np.bincount(edge, minlength=n_edges)
    inner = (sharing == 2).astype(float)
    around_edge = _matrix(0.5 * inner[edge], edge, owner, (n_edges, n_faces)) @ to_faces
    to_edges = sparse.diags_array(1 - 0.5 * inner) @ middles + 0.5 * around_edge

    moved = _moved_vertices(
        count=count,
        corner=corner,
        owner=owner,
        edges=edges,
        sharing=sharing,
        to_faces=to_faces,
        middles=middles,
    )
    quads = np.stack([corner, count + edge, count + n_edges + owner, count + edge[preceding]], axis=1)
    centre = np.stack([np.bincount(owner, uv[:, k]) for k in (0, 1)], axis=1) / sizes[:, None]
    quad_uv = np.stack([uv, (uv + uv[following]) / 2, centre[owner], (uv + uv[preceding]) / 2], axis=1)
    matrix = sparse.csr_array(sparse.vstack([moved, to_edges, to_faces]))
    return quads, quad_uv.reshape(-1, 2), matrix


def _moved_vertices(
    *,
    count: int,
    corner: IntArray,
    owner: IntArray,
    edges: IntArray,
    sharing: IntArray,
    to_faces: sparse.csr_array,
    middles: sparse.csr_array,
) -> sparse.csr_array:
    """Inside: (mean of faces + 2 mean of edge middles + (n - 3) vertex) / n; on a border: 1/8, 3/4, 1/8 along it."""
    n = np.maximum(np.bincount(corner, minlength=count), 1).astype(float)
    faces_of = _matrix(np.ones(len(corner)), corner, owner, (count, to_faces.shape[0]))
    index = np.repeat(np.arange(len(edges)), 2)
    edges_of = _matrix(np.ones(2 * len(edges)), edges.ravel(), index, (count, len(edges)))
    # At an inner vertex there are as many edges as faces.
    inside = sparse.diags_array(1 / n**2) @ (faces_of @ to_faces + 2 * edges_of @ middles) + sparse.diags_array(
        (n - 3) / n
    )
    rim = edges[sharing == 1]
    rim_count = np.bincount(rim.ravel(), minlength=count)
    along = _matrix(np.full(2 * len(rim), 0.125), rim.ravel(), rim[:, ::-1].ravel(), (count, count))
    border = along + sparse.diags_array(1 - 0.125 * rim_count)
    on_rim = (rim_count > 0).astype(float)
    return sparse.csr_array(sparse.diags_array(1 - on_rim) @ inside + sparse.diags_array(on_rim) @ border)


def _neighbours(sizes: IntArray) -> tuple[IntArray, IntArray]:
    """For every corner, the index of the next and of the previous corner of its face."""
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = np.repeat(sizes, sizes)
    place = np.arange(len(start)) - start
    return start + (place + 1) % size, start + (place - 1) % size


def _matrix(values: Array, rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array(sparse.coo_array((values, (rows, columns)), shape=shape))
