//! Places on the earth, and how far apart they are: the haversine formula on a sphere.

use crate::error::{Error, Result};
use serde_json::Value;

/// Mean radius of the earth in metres (IUGG, Geodetic Reference System 1980). The earth is no sphere: distances are right to about 0.5 %.
const EARTH_RADIUS: f64 = 6_371_008.8;

/// A place, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoPoint {
    /// East of Greenwich, -180..=180.
    pub lon: f64,
    /// North of the equator, -90..=90.
    pub lat: f64,
}

impl GeoPoint {
    /// A place, in degrees.
    pub fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    /// The place that a payload's object with `lon` and `lat` says, if it does.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let degrees = |key| value.get(key).and_then(Value::as_f64);
        let place = Self { lon: degrees("lon")?, lat: degrees("lat")? };
        place.check("").is_ok().then_some(place)
    }

    pub(crate) fn check(self, field: &str) -> Result<()> {
        if !(-180.0..=180.0).contains(&self.lon) {
            return Err(Error::invalid(format!("{field}.lon"), "-180..=180", self.lon));
        }
        if !(-90.0..=90.0).contains(&self.lat) {
            return Err(Error::invalid(format!("{field}.lat"), "-90..=90", self.lat));
        }
        Ok(())
    }

    /// Metres along the great circle.
    pub(crate) fn metres_to(self, other: Self) -> f64 {
        let (lat, other_lat) = (self.lat.to_radians(), other.lat.to_radians());
        let (north, east) = (other_lat - lat, (other.lon - self.lon).to_radians());
        let half_chord =
            (north / 2.0).sin().powi(2) + lat.cos() * other_lat.cos() * (east / 2.0).sin().powi(2);
        // Rounding may put it beyond 1 for places opposite each other.
        2.0 * EARTH_RADIUS * half_chord.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_distances() {
        let (seoul, berlin) = (GeoPoint::new(126.978, 37.5665), GeoPoint::new(13.405, 52.52));
        // The spherical law of cosines, which is exact enough for far places.
        let (a, b) = (37.5665f64.to_radians(), 52.52f64.to_radians());
        let east = (126.978f64 - 13.405).to_radians();
        let angle = (a.sin() * b.sin() + a.cos() * b.cos() * east.cos()).acos();
        assert!((seoul.metres_to(berlin) - EARTH_RADIUS * angle).abs() < 1e-3, "{}", seoul.metres_to(berlin));
        let half = std::f64::consts::PI * EARTH_RADIUS;
        assert!((GeoPoint::new(10.0, 0.0).metres_to(GeoPoint::new(-170.0, 0.0)) - half).abs() < 1.0);
        assert_eq!(seoul.metres_to(seoul), 0.0);
    }

    #[test]
    fn what_is_no_place() {
        assert_eq!(GeoPoint::read(&json!({"lon": 1, "lat": 2.5})), Some(GeoPoint::new(1.0, 2.5)));
        for value in
            [json!({"lon": 1}), json!({"lon": 181, "lat": 0}), json!({"lon": "1", "lat": 0}), json!(1)]
        {
            assert_eq!(GeoPoint::read(&value), None, "{value}");
        }
    }
}
