"""Names beside points, placed so that none covers another name or a point."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

SIZE = 8.0
_RINGS = (7.0, 14.0, 24.0, 36.0, 50.0, 66.0, 84.0)  # pixels from the point
_ANGLES = (0, 180, 45, 315, 135, 225, 90, 270, 22, 338, 158, 202)


def place_labels(
    axes: Axes, points: Sequence[tuple[float, float]], names: Sequence[str]
) -> None:
    """Write each name at the first free place around its point.

    Places are tried from near to far, in a fixed order, so the picture is the same
    each time. A name that is not next to its point gets a thin line to it.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)  # places are known only after it
    pixels = axes.transData.transform(np.asarray(points, dtype=np.float64))
    room = axes.get_window_extent()
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in pixels]
    for (x, y), name in zip(pixels, names, strict=True):
        text = axes.text(0, 0, name, fontsize=SIZE)
        box = text.get_window_extent()
        text.remove()
        spot, ring = _free(x, y, (box.width, box.height), taken, room)
        taken.append(spot)
        here = axes.transData.inverted()
        left, bottom = here.transform((spot.x0, spot.y0 + 0.2 * box.height))
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
        axes.text(left, bottom, name, fontsize=SIZE, zorder=4, bbox=paper)
        if ring > 14:
            line = here.transform(np.array([(x, y), _nearest(spot, x, y)]))
            axes.plot(*line.T, color="#8c959f", linewidth=0.6, zorder=1)


def _free(
    x: float, y: float, size: tuple[float, float], taken: Sequence[Bbox], room: Bbox
) -> tuple[Bbox, float]:
    """Return the first place around a point that is free, and its distance."""
    width, height = size
    first = None
    for ring in _RINGS:
        for angle in _ANGLES:
            dx, dy = np.cos(np.radians(angle)), np.sin(np.radians(angle))
            left = x + ring * dx - width * (1 - dx) / 2
            bottom = y + ring * dy - height / 2
            spot = Bbox.from_bounds(left, bottom, width, height)
            first = first or (spot, ring)
            inside = room.x0 < spot.x0 and spot.x1 < room.x1
            inside = inside and room.y0 < spot.y0 and spot.y1 < room.y1
            if inside and not any(spot.overlaps(other) for other in taken):
                return spot, ring
    return first or (Bbox.null(), 0.0)


def _nearest(spot: Bbox, x: float, y: float) -> tuple[float, float]:
    """Return the point of a box that is nearest to (x, y)."""
    return min(max(x, spot.x0), spot.x1), min(max(y, spot.y0), spot.y1)
