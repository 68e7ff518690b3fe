//! Any queries that the grammar allows.

/// Makes queries that are right by their types, but for a few.
pub(super) struct Generator(fastrand::Rng);

const SELECTORS: &[&str] = &[
    "http_requests_total",
    "http_requests_total{code=\"500\"}",
    "http_requests_total{code!~\"5..\",job=\"api\"}",
    "http_requests_total{instance=~\"a:80|b:80\",code!=\"404\"}",
    "{__name__=~\"http_.*\",job!=\"web\"}",
    "temperature",
    "temperature{room=~\".*a.*\"}",
    "strange",
    "strange{index=\"0\"}",
    "small",
    "small{index!=\"2\"}",
    "latency_seconds_bucket",
    "latency_seconds_bucket{job=\"web\"}",
    "rare",
    "ends",
    "begins",
    "info",
    "lonely",
    "{__name__=~\"alike_.*\"}",
    "nothing{job=\"api\"}",
];
const RANGES: &[&str] = &["1m", "2m", "5m", "17s", "45s", "10m", "1h", "90s250ms"];
const STEPS: &[&str] = &["", "15s", "1m", "7s", "2m30s"];
const WINDOWS: &[&str] = &[
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "absent_over_time",
    "stddev_over_time",
    "stdvar_over_time",
];
const MATHS: &[&str] = &[
    "abs",
    "ceil",
    "floor",
    "exp",
    "sqrt",
    "ln",
    "log2",
    "log10",
    "sgn",
    "deg",
    "rad",
    "atan",
    "asinh",
    "tanh",
    "cosh",
    "sort",
    "sort_desc",
    "round",
    "timestamp",
    "acos",
    "sinh",
];
const DATES: &[&str] = &[
    "hour",
    "minute",
    "month",
    "year",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
];
const AGGREGATORS: &[&str] = &["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];
const LABELS: &[&str] = &["job", "instance", "code", "room", "index", "le", "none", "__name__"];
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^", "atan2"];
const COMPARISONS: &[&str] = &["==", "!=", ">", "<", ">=", "<="];
const SETS: &[&str] = &["and", "or", "unless"];

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(super) fn query(&mut self) -> String {
        let depth = self.0.usize(1..5);
        match self.0.u8(..40) {
            0 => self.scalar(depth),
            1 => self.range(depth),
            2 => self.mistake(depth),
            _ => self.vector(depth),
        }
    }

    fn one_of(&mut self, all: &[&'static str]) -> &'static str {
        let index = self.0.usize(..all.len());
        all[index]
    }

    fn moment(&mut self) -> String {
        match self.0.u8(..24) {
            0 => " offset 1m".to_owned(),
            1 => " offset -30s".to_owned(),
            2 => format!(" @ {}", 1_700_000_000 + self.0.i64(0..2500)),
            3 => " @ end() offset 2m".to_owned(),
            4 => " @ start()".to_owned(),
            _ => String::new(),
        }
    }

    fn selector(&mut self) -> String {
        self.one_of(SELECTORS).to_owned() + &self.moment()
    }

    fn range(&mut self, depth: usize) -> String {
        let range = self.one_of(RANGES);
        if depth < 2 || self.0.u8(..4) > 0 {
            return format!("{}[{range}]{}", self.one_of(SELECTORS), self.moment());
        }
        let inner = self.vector(depth - 1);
        format!("({inner})[{range}:{}]{}", self.one_of(STEPS), self.moment())
    }

    fn scalar(&mut self, depth: usize) -> String {
        match self.0.u8(..8) {
            0 => "time()".to_owned(),
            1 => "pi()".to_owned(),
            2 if depth > 0 => format!("scalar({})", self.vector(depth - 1)),
            3 if depth > 0 => format!(
                "({} {} {})",
                self.scalar(depth - 1),
                self.one_of(ARITHMETIC),
                self.scalar(depth - 1)
            ),
            4 if depth > 0 => format!(
                "{} {} bool {}",
                self.scalar(depth - 1),
                self.one_of(COMPARISONS),
                self.scalar(depth - 1)
            ),
            5 => format!("-{}", self.0.u8(..9)),
            _ => self.number().to_owned(),
        }
    }

    fn number(&mut self) -> &'static str {
        self.one_of(&[
            "0", "1", "2", "0.5", "3", "100", "1e3", "0x10", "NaN", "Inf", "-Inf", "017", "-1.5",
        ])
    }

    fn labels(&mut self) -> String {
        let count = self.0.usize(..3);
        let labels: Vec<_> = (0..count).map(|_| self.one_of(LABELS)).collect();
        labels.join(", ")
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.selector();
        }
        match self.0.u8(..20) {
            0 => self.selector(),
            1..=4 => self.window(depth),
            5..=8 => self.aggregate(depth),
            9..=12 => self.binary(depth),
            13 => self.set(depth),
            14 => {
                let function = self.one_of(MATHS);
                format!("{function}({})", self.vector(depth - 1))
            }
            15 => {
                let quantile = self.one_of(&["0.5", "0.9", "0", "1", "-1", "2", "NaN", "0.999"]);
                let by = self.one_of(&["le", "job, le", "le, instance"]);
                let range = self.one_of(RANGES);
                format!(
                    "histogram_quantile({quantile}, sum by ({by}) (rate(latency_seconds_bucket[{range}])))"
                )
            }
            16 => self.relabelled(depth),
            17 => self.clamped(depth),
            18 => match self.0.u8(..5) {
                0 => format!("vector({})", self.scalar(depth - 1)),
                1 => format!("{}()", self.one_of(DATES)),
                2 => format!("{}(vector(time() * {}))", self.one_of(DATES), self.0.u8(1..200)),
                3 => format!("absent({})", self.vector(depth - 1)),
                _ => format!("-({})", self.vector(depth - 1)),
            },
            _ => format!("({})", self.vector(depth - 1)),
        }
    }

    fn window(&mut self, depth: usize) -> String {
        let range = self.range(depth);
        match self.0.u8(..12) {
            // Where another argument changes with time, Prometheus 2.42 moves along what `@` pins.
            0 if !range.contains('@') => {
                format!("quantile_over_time({}, {range})", self.scalar(1))
            }
            1 => {
                let range = format!("{}[{}]", self.one_of(SELECTORS), self.one_of(RANGES));
                format!("predict_linear({range}, {})", self.0.u16(..1000))
            }
            2 => format!("holt_winters({range}, 0.{}, 0.{})", self.0.u8(1..9), self.0.u8(1..9)),
            _ => format!("{}({range})", self.one_of(WINDOWS)),
        }
    }

    fn aggregate(&mut self, depth: usize) -> String {
        let grouping = match self.0.u8(..3) {
            0 => String::new(),
            1 => format!("by ({}) ", self.labels()),
            _ => format!("without ({}) ", self.labels()),
        };
        match self.0.u8(..8) {
            0 => format!("quantile {grouping}({}, {})", self.scalar(1), self.vector(depth - 1)),
            1 => {
                let picked = self.one_of(&["topk", "bottomk"]);
                let shown = format!("temperature{}", self.moment());
                format!("{picked} {grouping}({}, {shown})", self.0.u8(..4))
            }
            2 => format!("count_values {grouping}(\"value\", small{})", self.moment()),
            3 if grouping.is_empty() => format!("count({})", self.vector(depth - 1)),
            _ => {
                let (name, inner) = (self.one_of(AGGREGATORS), self.vector(depth - 1));
                let after = self.0.bool() && !grouping.is_empty();
                if after {
                    format!("{name}({inner}) {grouping}")
                } else {
                    format!("{name} {grouping}({inner})")
                }
            }
        }
    }

    fn binary(&mut self, depth: usize) -> String {
        let comparison = self.0.u8(..3) == 0;
        let operator = if comparison {
            let bool_word = self.one_of(&["", " bool"]);
            format!("{}{bool_word}", self.one_of(COMPARISONS))
        } else {
            self.one_of(ARITHMETIC).to_owned()
        };
        match self.0.u8(..8) {
            0 | 1 => format!("{} {operator} {}", self.vector(depth - 1), self.scalar(1)),
            2 => format!("{} {operator} {}", self.scalar(1), self.vector(depth - 1)),
            3 | 4 => {
                let same = self.vector(depth - 1);
                let other = self.one_of(&["", " * 2", " offset 1m"]);
                let selector = self.one_of(SELECTORS);
                if self.0.bool() {
                    format!("{same} {operator} {same}")
                } else {
                    format!("{selector} {operator} {selector}{other}")
                }
            }
            5 => {
                let by = self.one_of(LABELS);
                let side = self.one_of(&["group_left", "group_left (room)", "group_left()"]);
                let (many, one) = (self.vector(depth - 1), self.vector(depth - 1));
                format!("{many} {operator} on ({by}) {side} (max by ({by}) ({one}))")
            }
            6 => {
                let by = self.one_of(LABELS);
                let (many, one) = (self.vector(depth - 1), self.vector(depth - 1));
                format!("(sum by ({by}) ({one})) {operator} on ({by}) group_right {many}")
            }
            _ => {
                let matching = self.one_of(&[
                    "",
                    " on ()",
                    " ignoring (code)",
                    " on (job, instance)",
                    " on (job)",
                ]);
                format!(
                    "{} {operator}{matching} {}",
                    self.vector(depth - 1),
                    self.vector(depth - 1)
                )
            }
        }
    }

    fn set(&mut self, depth: usize) -> String {
        let operator = self.one_of(SETS);
        let matching = self.one_of(&["", " on ()", " on (job)", " ignoring (code, room)"]);
        format!("{} {operator}{matching} {}", self.vector(depth - 1), self.vector(depth - 1))
    }

    fn relabelled(&mut self, depth: usize) -> String {
        let inner = self.vector(depth - 1);
        match self.0.u8(..3) {
            0 => format!(
                "label_replace({inner}, \"to\", \"$1-${{2}}x$$\", \"instance\", \"(.*):(.*)\")"
            ),
            1 => format!("label_replace({inner}, \"job\", \"\", \"job\", \"a.*\")"),
            _ => format!("label_join({inner}, \"to\", \"/\", \"job\", \"none\", \"code\")"),
        }
    }

    fn clamped(&mut self, depth: usize) -> String {
        let inner = self.vector(depth - 1);
        match self.0.u8(..4) {
            0 => format!("clamp({inner}, {}, {})", self.scalar(1), self.scalar(1)),
            1 => format!("clamp_min({inner}, {})", self.scalar(1)),
            2 => format!("clamp_max({inner}, {})", self.scalar(1)),
            _ => format!("round({inner}, {})", self.one_of(&["0.1", "5", "1", "0.25"])),
        }
    }

    /// One that is wrong by its types, or by a letter.
    fn mistake(&mut self, depth: usize) -> String {
        let right = self.vector(depth);
        match self.0.u8(..6) {
            0 => format!("rate({right})"),
            1 => format!("sum(({right})[5m:])"),
            2 => format!("{right} and 1"),
            3 => format!("{right} + on (job) 1"),
            4 => format!("abs({right}, 1)"),
            _ => {
                let at = self.0.usize(..right.len());
                let mut broken = right;
                if broken.is_char_boundary(at) {
                    broken.remove(at);
                }
                broken
            }
        }
    }
}
