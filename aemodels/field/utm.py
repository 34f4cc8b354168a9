"""UTM coordinates as longitude and latitude."""

from __future__ import annotations

import math

SEMI_MAJOR, FLATTENING = 6378137.0, 1 / 298.257223563  # of WGS 84
SCALE, FALSE_EAST, FALSE_NORTH = 0.9996, 500_000.0, 10_000_000.0


def from_utm(east: float, north: float, zone: tuple[int, bool]) -> tuple[float, float] | None:
    """Return longitude and latitude in degrees; None if these are not coordinates of UTM.

    Args:
        east: m, with the false easting.
        north: m, with the false northing of a southern zone.
        zone: its number, 1 to 60, and True if it is a southern one.

    Reference:
        Krüger's series to third order, as in Kawase (2011), Bulletin of the Geospatial Information Authority of Japan
        59: exact to millimetres within a zone.

    >>> from_utm(500_000.0, 0.0, (31, False))
    (3.0, 0.0)
    """
    number, south = zone
    if not (100_000 <= east <= 900_000 and 0 <= north <= FALSE_NORTH):
        return None
    n = FLATTENING / (2 - FLATTENING)
    radius = SEMI_MAJOR / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96, n**2 / 48 + n**3 / 15, 17 * n**3 / 480)
    delta = (2 * n - 2 * n**2 / 3 - 2 * n**3, 7 * n**2 / 3 - 8 * n**3 / 5, 56 * n**3 / 15)
    xi = (north - (FALSE_NORTH if south else 0.0)) / (SCALE * radius)
    eta = (east - FALSE_EAST) / (SCALE * radius)
    orders = (2, 4, 6)
    xi1 = xi - sum(b * math.sin(k * xi) * math.cosh(k * eta) for k, b in zip(orders, beta, strict=True))
    eta1 = eta - sum(b * math.cos(k * xi) * math.sinh(k * eta) for k, b in zip(orders, beta, strict=True))
    chi = math.asin(math.sin(xi1) / math.cosh(eta1))
    latitude = chi + sum(d * math.sin(k * chi) for k, d in zip(orders, delta, strict=True))
    longitude = math.atan2(math.sinh(eta1), math.cos(xi1))
    return round(6 * number - 183 + math.degrees(longitude), 6), round(math.degrees(latitude), 6)
