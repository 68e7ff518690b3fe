use crate::{Stream, setting::Weather};

/// Seconds from one crest of [`Weather::Seasonal`] to the next.
const SEASON: f64 = 600.0;

/// By what the usual is multiplied in one second, for both revisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    pub(crate) requests: f64,
    pub(crate) errors: f64,
    pub(crate) latency: f64,
}

impl Moment {
    const USUAL: Self = Self { requests: 1.0, errors: 1.0, latency: 1.0 };
}

/// The weather of one run.
pub(crate) struct Forecast {
    weather: Weather,
    stream: Stream,
    /// A direction for a trend, the phase of a season.
    chance: f64,
}

impl Forecast {
    pub(crate) fn new(weather: Weather, mut stream: Stream) -> Self {
        let chance = stream.share();
        Self { weather, stream, chance }
    }

    /// The weather `through` (0 to 1) the run, in `second`.
    pub(crate) fn at(&mut self, second: f64, through: f64) -> Moment {
        match self.weather {
            Weather::Steady => Moment::USUAL,
            Weather::Bursty => Moment {
                requests: self.stream.gamma(2),
                errors: self.stream.gamma(1),
                latency: libm::exp(0.2 * self.stream.normal()),
            },
            Weather::Trending => {
                let far = if self.chance < 0.5 { through } else { 1.0 - through };
                Moment {
                    requests: 0.5 + far,
                    errors: libm::exp((2.0 * far - 1.0) * 3_f64.ln()),
                    latency: 1.0 + far,
                }
            }
            Weather::Seasonal => {
                let wave = libm::sin(std::f64::consts::TAU * (second / SEASON + self.chance));
                Moment {
                    requests: 1.0 + 0.6 * wave,
                    errors: libm::exp(0.8 * wave),
                    latency: libm::exp(0.4 * wave),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_an_hour_requests_are_the_usual_ones() {
        for weather in [Weather::Steady, Weather::Bursty, Weather::Trending, Weather::Seasonal] {
            let mut forecast = Forecast::new(weather, Stream::of(1, 1, "weather"));
            let all: f64 = (0..3_600)
                .map(|s| forecast.at(f64::from(s), f64::from(s) / 3_600.0).requests)
                .sum();
            assert!((all / 3_600.0 - 1.0).abs() < 0.06, "{weather:?}: {}", all / 3_600.0);
        }
    }
}
