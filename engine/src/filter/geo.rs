//! Places on the earth: degrees go in, inside or outside comes out.
//!
//! Distances are great circles on a sphere (haversine) of the earth's mean radius, in metres. Boxes and polygons are flat, in degrees: a side of a polygon is a
//! straight line on a map whose axes are longitude and latitude.

use crate::error::{Error, Result};
use serde_json::Value;

/// A place: degrees east, -180..=180, and north, -90..=90.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoPoint {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
}

impl GeoPoint {
    /// The place at these degrees east and north.
    pub fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    fn is_on_earth(self) -> bool {
        (-180.0..=180.0).contains(&self.lon) && (-90.0..=90.0).contains(&self.lat)
    }

    /// `field` is where it stands in the request.
    pub(crate) fn check(self, field: &str) -> Result<()> {
        if self.is_on_earth() {
            return Ok(());
        }
        let got = format!("lon {}, lat {}", self.lon, self.lat);
        Err(Error::invalid(field, "lon of -180..=180 and lat of -90..=90", got))
    }

    /// The place that an object with `lon` and `lat` says. Degrees out of range are no place.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let degrees = |key| value.as_object()?.get(key)?.as_f64();
        Some(Self { lon: degrees("lon")?, lat: degrees("lat")? }).filter(|point| point.is_on_earth())
    }

    /// Metres along the great circle.
    pub(crate) fn metres_to(self, other: Self) -> f64 {
        let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let cosines = self.lat.to_radians().cos() * other.lat.to_radians().cos();
        let h = half_sine(other.lat - self.lat) + cosines * half_sine(other.lon - self.lon);
        // Rounding may put it beyond 1 for places opposite each other.
        2.0 * EARTH_RADIUS * h.sqrt().min(1.0).asin()
    }
}

/// Mean radius of the earth in metres: the International Union of Geodesy and Geophysics' R1. The earth is no sphere: distances are right to about 0.5 %.
const EARTH_RADIUS: f64 = 6_371_008.8;

/// A box, its border included. One whose left is east of its right crosses the antimeridian; one whose top is south of its bottom is empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoBoundingBox {
    /// Its north-western corner.
    pub top_left: GeoPoint,
    /// Its south-eastern corner.
    pub bottom_right: GeoPoint,
}

impl GeoBoundingBox {
    pub(super) fn contains(&self, point: GeoPoint) -> bool {
        let (left, right) = (self.top_left.lon, self.bottom_right.lon);
        let between = if left <= right {
            (left..=right).contains(&point.lon)
        } else {
            point.lon >= left || point.lon <= right
        };
        between && (self.bottom_right.lat..=self.top_left.lat).contains(&point.lat)
    }

    /// Degrees north between which it lies.
    pub(super) fn latitudes(&self) -> (f64, f64) {
        (self.bottom_right.lat, self.top_left.lat)
    }
}

/// What is nearer to a place than a distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoRadius {
    /// The place.
    pub center: GeoPoint,
    /// The distance, 0 or more.
    pub radius_metres: f64,
}

impl GeoRadius {
    pub(super) fn contains(&self, point: GeoPoint) -> bool {
        self.center.metres_to(point) < self.radius_metres
    }

    /// Degrees north between which it lies, with room for roundings.
    pub(super) fn latitudes(&self) -> (f64, f64) {
        let degrees = (self.radius_metres / EARTH_RADIUS).to_degrees() * (1.0 + 1e-9) + 1e-9;
        (self.center.lat - degrees, self.center.lat + degrees)
    }
}

/// A polygon with holes. Its border and those of the holes are outside. Each ring has 4 points or more, the last of them the first.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoPolygon {
    /// The ring around it.
    pub exterior: Vec<GeoPoint>,
    /// The rings around its holes.
    pub interiors: Vec<Vec<GeoPoint>>,
}

impl GeoPolygon {
    /// A polygon without holes.
    pub fn new(exterior: impl Into<Vec<GeoPoint>>) -> Self {
        Self { exterior: exterior.into(), interiors: Vec::new() }
    }

    /// Adds a hole.
    pub fn hole(mut self, ring: impl Into<Vec<GeoPoint>>) -> Self {
        self.interiors.push(ring.into());
        self
    }

    pub(super) fn contains(&self, point: GeoPoint) -> bool {
        let outside = |ring: &Vec<GeoPoint>| side_of(ring, point) == Side::Outside;
        side_of(&self.exterior, point) == Side::Inside && self.interiors.iter().all(outside)
    }

    /// Degrees north between which it lies.
    pub(super) fn latitudes(&self) -> (f64, f64) {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        self.exterior.iter().fold(ends, |(south, north), point| (south.min(point.lat), north.max(point.lat)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Border,
    Outside,
}

/// Where a point lies: a ray from it eastwards crosses the ring an odd number of times if it is inside.
fn side_of(ring: &[GeoPoint], point: GeoPoint) -> Side {
    let mut inside = false;
    for (a, b) in ring.iter().zip(ring.iter().skip(1)) {
        let turn = (b.lon - a.lon) * (point.lat - a.lat) - (b.lat - a.lat) * (point.lon - a.lon);
        let within = |value: f64, a: f64, b: f64| (a.min(b)..=a.max(b)).contains(&value);
        if turn == 0.0 && within(point.lon, a.lon, b.lon) && within(point.lat, a.lat, b.lat) {
            return Side::Border;
        }
        // A corner counts for the side above it only.
        if (a.lat > point.lat) != (b.lat > point.lat) {
            inside ^= (turn > 0.0) == (b.lat > a.lat);
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> GeoPoint {
        GeoPoint::new(lon, lat)
    }

    #[test]
    fn distances_in_metres() {
        for (a, b, metres) in [
            (at(0.0, 0.0), at(0.0, 0.0), 0.0),
            // A degree of a great circle.
            (at(0.0, 0.0), at(1.0, 0.0), 111_195.08),
            (at(179.5, 0.0), at(-179.5, 0.0), 111_195.08),
            (at(0.0, 90.0), at(120.0, -90.0), 20_015_114.4),
            // Seoul and Busan.
            (at(126.978, 37.5665), at(129.0756, 35.1796), 325_000.0),
        ] {
            let got = a.metres_to(b);
            assert!((got - metres).abs() <= metres * 2e-3, "{a:?} to {b:?}: {got}, is about {metres}");
        }
    }

    #[test]
    fn polygons_with_holes() {
        let square =
            |from: f64, to: f64| vec![at(from, from), at(to, from), at(to, to), at(from, to), at(from, from)];
        let polygon = GeoPolygon::new(square(0.0, 10.0)).hole(square(4.0, 6.0));
        for (point, inside) in [
            (at(1.0, 1.0), true),
            (at(5.0, 5.0), false),
            (at(4.0, 5.0), false),
            (at(0.0, 5.0), false),
            (at(10.0, 10.0), false),
            (at(11.0, 5.0), false),
            (at(-1.0, 4.0), false),
            // Level with corners of the hole.
            (at(2.0, 4.0), true),
            (at(8.0, 6.0), true),
        ] {
            assert_eq!(polygon.contains(point), inside, "{point:?}");
        }
        let turned = GeoPolygon::new(square(0.0, 10.0).into_iter().rev().collect::<Vec<_>>());
        assert!(turned.contains(at(5.0, 5.0)));
        // A notch from the right.
        let notched = GeoPolygon::new([
            at(0.0, 0.0),
            at(10.0, 0.0),
            at(2.0, 5.0),
            at(10.0, 10.0),
            at(0.0, 10.0),
            at(0.0, 0.0),
        ]);
        assert!(
            notched.contains(at(1.0, 5.0))
                && !notched.contains(at(5.0, 5.0))
                && !notched.contains(at(2.0, 5.0))
        );
    }
}
