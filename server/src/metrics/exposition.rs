//! The page that Prometheus reads: families of samples go in, text comes out.
//!
//! Two forms of the same page: text 0.0.4 and OpenMetrics 1.0, by what the reader accepts. Sources: the exposition formats page of
//! Prometheus; the OpenMetrics specification, version 1.0.0.

/// How the page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// What a family's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows. Its name ends in `_total`.
    Counter,
    /// Any number.
    Gauge,
    /// Samples by size.
    Histogram,
}

/// A page on its way.
#[derive(Debug)]
pub(super) struct Page<'a> {
    text: String,
    prefix: &'a str,
    format: Format,
}

/// One family of a page.
#[derive(Debug)]
pub(super) struct Family<'p, 'a> {
    page: &'p mut Page<'a>,
    name: &'p str,
}

/// A gauge: its name, its help, and how it is read off.
pub(super) type Column<T> = (&'static str, &'static str, fn(&T) -> f64);

/// Names and values of labels.
pub(super) type Labels<'l> = &'l [(&'l str, &'l str)];

impl Format {
    /// The best of what an `Accept` header allows.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// What the page is called.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl<'a> Page<'a> {
    pub(super) fn new(prefix: &'a str, format: Format) -> Self {
        Self { text: String::new(), prefix, format }
    }

    /// Begins a family.
    pub(super) fn family<'p>(&'p mut self, name: &'p str, kind: Kind, help: &str) -> Family<'p, 'a> {
        // OpenMetrics names the family without what each of its counters ends in.
        let shown = match (self.format, kind) {
            (Format::OpenMetrics, Kind::Counter) => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        };
        let word = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let prefix = self.prefix;
        self.line(format_args!("# HELP {prefix}{shown} {help}"));
        self.line(format_args!("# TYPE {prefix}{shown} {word}"));
        Family { page: self, name }
    }

    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.line(format_args!("# EOF"));
        }
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.text.push_str(&format!("{line}\n"));
    }
}

impl Family<'_, '_> {
    /// One number.
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: f64) {
        self.part("", labels, value);
    }

    /// The counts up to each bound, in rising order, the sum and the count of all.
    pub(super) fn histogram(
        &mut self,
        labels: Labels<'_>,
        bounds: &[f64],
        buckets: &[u64],
        sum: f64,
        count: u64,
    ) {
        let mut so_far = 0;
        for (bound, bucket) in bounds.iter().zip(buckets) {
            so_far += bucket;
            self.bucket(labels, &number(*bound), so_far);
        }
        self.bucket(labels, "+Inf", count);
        self.part("_sum", labels, sum);
        self.part("_count", labels, count as f64);
    }

    fn bucket(&mut self, labels: Labels<'_>, bound: &str, count: u64) {
        let mut labels = labels.to_vec();
        labels.push(("le", bound));
        self.part("_bucket", &labels, count as f64);
    }

    fn part(&mut self, suffix: &str, labels: Labels<'_>, value: f64) {
        let mut shown = String::new();
        for (name, value) in labels {
            let separator = if shown.is_empty() { '{' } else { ',' };
            shown.push_str(&format!("{separator}{name}=\"{}\"", escape(value)));
        }
        if !shown.is_empty() {
            shown.push('}');
        }
        let (prefix, name) = (self.page.prefix, self.name);
        self.page.line(format_args!("{prefix}{name}{suffix}{shown} {}", number(value)));
    }
}

/// A value of a label: backslash, quote and end of line are escaped, the rest is UTF-8.
fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")
}

fn number(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(format: Format) -> String {
        let mut page = Page::new("x_", format);
        page.family("a_total", Kind::Counter, "some").sample(&[("id", "\"a\\b\nc")], 3.0);
        page.family("b", Kind::Gauge, "other").sample(&[], 0.25);
        let mut family = page.family("c_seconds", Kind::Histogram, "times");
        family.histogram(&[("m", "GET")], &[0.001, 1.0], &[2, 1], 70.5, 4);
        page.finish()
    }

    #[test]
    fn text_is_as_specified() {
        let expected = "\
# HELP x_a_total some
# TYPE x_a_total counter
x_a_total{id=\"\\\"a\\\\b\\nc\"} 3
# HELP x_b other
# TYPE x_b gauge
x_b 0.25
# HELP x_c_seconds times
# TYPE x_c_seconds histogram
x_c_seconds_bucket{m=\"GET\",le=\"0.001\"} 2
x_c_seconds_bucket{m=\"GET\",le=\"1\"} 3
x_c_seconds_bucket{m=\"GET\",le=\"+Inf\"} 4
x_c_seconds_sum{m=\"GET\"} 70.5
x_c_seconds_count{m=\"GET\"} 4
";
        assert_eq!(page(Format::Text), expected);
    }

    #[test]
    fn open_metrics_differ_in_names_and_end() {
        let open = page(Format::OpenMetrics);
        assert!(open.starts_with("# HELP x_a some\n# TYPE x_a counter\nx_a_total{"), "{open}");
        assert!(open.ends_with("# EOF\n"));
    }

    #[test]
    fn the_reader_chooses() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        assert_eq!(Format::accepted("*/*"), Format::Text);
    }
}
