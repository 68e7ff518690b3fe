use std::{
    fmt::Display,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use hyper::header::HeaderValue;

/// How the service behaves.
pub(crate) struct Behaviour {
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) version: HeaderValue,
    pub(crate) startup: Duration,
    error_rate: f64,
    p50_ms: f64,
    /// Of the logarithm of the latency.
    spread: f64,
    cpu: Duration,
    body_bytes: Option<usize>,
    price: Option<u32>,
    pub(crate) ending: Ending,
    /// Bytes that each request takes and never gives back.
    leak: usize,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// When it is told to.
    Obeys,
    /// Only when it is killed.
    IgnoresTerm,
    /// With exit code 3, before it has begun.
    AtOnce,
}

/// What becomes of one request.
pub(crate) struct Fate {
    pub(crate) fails: bool,
    pub(crate) latency: Duration,
}

/// The 90th percentile of the standard normal distribution.
const Z90: f64 = 1.281_551_565_544_600_4;

impl Behaviour {
    /// Reads it from variables. Every value is checked; the error names the variable.
    pub(crate) fn from_environment(get: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let p50_ms: f64 = read(&get, "LATENCY_P50_MS", 0.0)?;
        let p90_ms: f64 = read(&get, "LATENCY_P90_MS", p50_ms)?;
        let error_rate: f64 = read(&get, "ERROR_RATE", 0.0)?;
        ensure!((0.0..=1.0).contains(&error_rate), "ERROR_RATE is {error_rate}, not 0 to 1");
        ensure!(p50_ms >= 0.0 && p90_ms >= p50_ms, "LATENCY_P90_MS is below LATENCY_P50_MS");
        let spread = if p50_ms > 0.0 { (p90_ms / p50_ms).ln() / Z90 } else { 0.0 };
        let version = get("VERSION").unwrap_or_else(|| "unknown".to_owned());
        Ok(Self {
            host: read(&get, "HOST", IpAddr::V4(Ipv4Addr::LOCALHOST))?,
            port: get("PORT").context("PORT is not set")?.parse().context("PORT is no port")?,
            version: HeaderValue::from_str(&version).context("VERSION is no header value")?,
            startup: Duration::from_millis(read(&get, "STARTUP_MS", 0)?),
            error_rate,
            p50_ms,
            spread,
            cpu: Duration::from_millis(read(&get, "CPU_MS", 0)?),
            body_bytes: match read(&get, "BODY_BYTES", 0)? {
                0 => None,
                length => Some(length),
            },
            price: get("PRICE")
                .map(|text| text.parse().context("PRICE is no number"))
                .transpose()?,
            ending: match get("ENDS").as_deref() {
                None | Some("obeys") => Ending::Obeys,
                Some("ignores-term") => Ending::IgnoresTerm,
                Some("at-once") => Ending::AtOnce,
                Some(other) => bail!("ENDS is {other:?}, not obeys, ignores-term or at-once"),
            },
            leak: read(&get, "LEAK_BYTES", 0)?,
        })
    }

    /// Draws what becomes of one request.
    pub(crate) fn draw(&self) -> Fate {
        let latency_ms = self.p50_ms * (self.spread * normal()).exp();
        Fate {
            fails: fastrand::f64() < self.error_rate,
            latency: Duration::from_secs_f64(latency_ms / 1000.0),
        }
    }

    /// Burns the CPU that a request is set to cost.
    pub(crate) fn burn(&self) {
        let begin = Instant::now();
        while begin.elapsed() < self.cpu {
            std::hint::spin_loop();
        }
    }

    /// Takes the memory that a request is set to cost. It is written to, or the machine would not
    /// count it.
    pub(crate) fn leak(&self) {
        if self.leak > 0 {
            std::mem::forget(vec![1_u8; self.leak]);
        }
    }

    pub(crate) fn body(&self, fails: bool) -> Bytes {
        let version = self.version.to_str().unwrap_or_default();
        let shop = self.price.map_or_else(String::new, |price| {
            let (id, at) = (fastrand::u64(..), nanos());
            format!(",\"id\":\"{id:016x}\",\"at\":{at},\"items\":[{{\"price\":{price}}}]")
        });
        let mut text = format!("{{\"version\":\"{version}\",\"ok\":{}{shop}}}\n", !fails);
        if let Some(length) = self.body_bytes {
            text = text.chars().chain(std::iter::repeat('.')).take(length).collect();
        }
        text.into()
    }
}

/// Nanoseconds since 1970.
fn nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// A standard normal number, by the polar form of Box and Muller (1958).
fn normal() -> f64 {
    let (u, v) = (1.0 - fastrand::f64(), fastrand::f64());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn read<T>(get: impl Fn(&str) -> Option<String>, name: &str, default: T) -> anyhow::Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    match get(name) {
        None => Ok(default),
        Some(text) => {
            text.parse().map_err(|problem| anyhow::anyhow!("{name} is {text:?}: {problem}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behaviour(pairs: &[(&str, &str)]) -> anyhow::Result<Behaviour> {
        let pairs: std::collections::BTreeMap<_, _> =
            pairs.iter().chain(&[("PORT", "80")]).copied().collect();
        Behaviour::from_environment(|name| pairs.get(name).map(|text| (*text).to_owned()))
    }

    #[test]
    fn latency_has_the_percentiles_that_were_asked_for() {
        fastrand::seed(7);
        let slow = behaviour(&[("LATENCY_P50_MS", "20"), ("LATENCY_P90_MS", "56")]).unwrap();
        let mut drawn: Vec<_> = (0..20_000).map(|_| slow.draw().latency).collect();
        drawn.sort();
        let (p50, p90) = (drawn[10_000].as_secs_f64(), drawn[18_000].as_secs_f64());
        assert!((p50 - 0.020).abs() < 0.001, "{p50}");
        assert!((p90 - 0.056).abs() < 0.003, "{p90}");
    }

    #[test]
    fn the_share_of_errors_is_as_asked_for() {
        fastrand::seed(7);
        let half = behaviour(&[("ERROR_RATE", "0.5")]).unwrap();
        let failed = (0..10_000).filter(|_| half.draw().fails).count();
        assert!((4_800..5_200).contains(&failed), "{failed}");
    }

    #[test]
    fn a_bad_value_is_refused_with_its_name() {
        for (name, text) in [
            ("ERROR_RATE", "2"),
            ("PRICE", "x"),
            ("LATENCY_P90_MS", "-1"),
            ("CPU_MS", "much"),
            ("ENDS", "never"),
        ] {
            let problem = behaviour(&[(name, text)]).err().map(|problem| problem.to_string());
            assert!(problem.is_some_and(|text| text.contains(name)), "{name}");
        }
    }
}
