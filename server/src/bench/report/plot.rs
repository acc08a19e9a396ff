//! Recall against speed as an inline SVG: trials of all indexes at one k go in, markup comes out.
//!
//! Recall runs to the right on a scale of nines, -log10(1 - recall), since 0.99 to 0.999 is as far as 0.9 to 0.99; all that is found has
//! its own place at the right end. Queries a second run upwards, logarithmically. The line of an index joins its ways that no other of its
//! ways beats in both; the others are drawn faint.

use crate::bench::Run;
use crate::bench::setting::Setting;
use crate::bench::sweep::Trial;
use crate::units::{count, rate};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 430.0;
/// Space for the numbers of the axes: left, right, top, bottom.
const MARGINS: (f64, f64, f64, f64) = (70.0, 26.0, 18.0, 52.0);
/// How many indexes have a colour of their own; more begin again with the first.
const COLOURS: usize = 8;
/// Recalls that may have a line and a number.
const RECALLS: [f64; 14] =
    [0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];
/// How far right of the last number a recall of 1 lies, in nines.
const ALL: f64 = 0.35;
/// Numbers of an axis are not nearer than this, in pixels.
const APART: f64 = 34.0;

/// Recall in nines; none for 1, which is beyond them all.
fn nines(recall: f64) -> Option<f64> {
    (recall < 1.0).then(|| -(1.0 - recall).log10())
}

/// Where things lie.
struct Axes {
    /// Nines at the left end, and at the place of recall 1.
    nines: (f64, f64),
    /// log10 of queries a second at the bottom and top.
    speed: (f64, f64),
}

impl Axes {
    fn of(trials: &[&Trial]) -> Self {
        let found = || trials.iter().filter_map(|trial| nines(trial.recall));
        let least = found().fold(f64::INFINITY, f64::min).min(2.0);
        let left =
            RECALLS.iter().filter_map(|recall| nines(*recall)).filter(|at| *at <= least).fold(0.0, f64::max);
        let most = found().fold(left, f64::max);
        let ticks = RECALLS.iter().filter_map(|recall| nines(*recall));
        let last = ticks.filter(|at| *at >= most).reduce(f64::min).unwrap_or(most);
        let speeds = || trials.iter().map(|trial| trial.per_cpu_second.median.max(1e-3).log10());
        let (low, high) =
            (speeds().fold(f64::INFINITY, f64::min), speeds().fold(f64::NEG_INFINITY, f64::max));
        let pad = ((high - low) * 0.08).max(0.06);
        Self { nines: (left, last + ALL), speed: (low - pad, high + pad) }
    }

    fn x(&self, recall: f64) -> f64 {
        let (left, right) = self.nines;
        let at = nines(recall).unwrap_or(right).min(right);
        let (begin, end) = (MARGINS.0, WIDTH - MARGINS.1);
        begin + (at - left).max(0.0) / (right - left) * (end - begin)
    }

    fn y(&self, per_second: f64) -> f64 {
        let (low, high) = self.speed;
        let (top, bottom) = (MARGINS.2, HEIGHT - MARGINS.3);
        bottom - (per_second.max(1e-3).log10() - low) / (high - low) * (bottom - top)
    }

    /// Recalls with a line, from the left.
    fn recalls(&self) -> Vec<f64> {
        let inside = RECALLS.iter().copied().filter(|recall| {
            nines(*recall).is_some_and(|at| at >= self.nines.0 && at <= self.nines.1 - ALL + 1e-9)
        });
        let mut kept: Vec<f64> = Vec::new();
        for recall in inside {
            if kept.last().is_none_or(|last| self.x(recall) - self.x(*last) >= APART) {
                kept.push(recall);
            }
        }
        kept.retain(|recall| self.x(1.0) - self.x(*recall) >= APART);
        kept.push(1.0);
        kept
    }

    /// Speeds with a line: 1, 2 and 5 of each power of ten, or only the powers where these are many.
    fn speeds(&self) -> Vec<f64> {
        let (low, high) = self.speed;
        let steps: &[f64] = if high - low > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = low.floor() as i32..=high.ceil() as i32;
        let all = powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
        all.filter(|speed| (low..=high).contains(&speed.log10())).collect()
    }
}

/// The plot for one k.
pub(super) fn plot(runs: &[Run], k: usize) -> String {
    let series: Vec<Vec<&Trial>> =
        runs.iter().map(|run| run.sweep.trials.iter().filter(|trial| trial.k == k).collect()).collect();
    let axes = Axes::of(&series.concat());
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"recall at {k} against queries a second\">\n"
    );
    svg += &grid(&axes, k);
    for (place, (run, trials)) in runs.iter().zip(&series).enumerate() {
        let name = format!("m {}, ef_construct {}", run.index.m, run.index.ef_construct);
        svg += &one(&axes, &name, colour(place), trials);
    }
    svg + "</svg>\n"
}

/// The class that an index has in plots and legends.
pub(super) fn colour(place: usize) -> String {
    format!("c{}", place % COLOURS)
}

fn grid(axes: &Axes, k: usize) -> String {
    let (left, right, top, bottom) = (MARGINS.0, WIDTH - MARGINS.1, MARGINS.2, HEIGHT - MARGINS.3);
    let mut svg = String::new();
    for recall in axes.recalls() {
        let x = axes.x(recall);
        svg += &format!("<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>");
        svg += &format!(
            "<text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{recall}</text>\n",
            bottom + 18.0
        );
    }
    for speed in axes.speeds() {
        let y = axes.y(speed);
        svg += &format!("<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let text = if speed >= 1.0 { count(speed.round() as u64) } else { speed.to_string() };
        svg += &format!(
            "<text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>\n",
            left - 8.0,
            y + 4.0
        );
    }
    let (middle, low) = (f64::midpoint(left, right), HEIGHT - 10.0);
    svg += &format!(
        "<text class=\"axis\" text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{low:.1}\">recall@{k}</text>"
    );
    svg + &format!(
        "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(14 {:.1}) rotate(-90)\">\
         queries per second and core</text>\n",
        f64::midpoint(top, bottom)
    )
}

/// Line and points of one index.
fn one(axes: &Axes, name: &str, colour: String, trials: &[&Trial]) -> String {
    let place = |trial: &Trial| (axes.x(trial.recall), axes.y(trial.per_cpu_second.median));
    let best = frontier(trials);
    let corner = |trial: &&Trial| {
        let (x, y) = place(trial);
        format!("{x:.1},{y:.1}")
    };
    let corners: Vec<String> = best.iter().map(corner).collect();
    let mut svg =
        format!("<g class=\"{colour}\"><polyline class=\"frontier\" points=\"{}\"/>\n", corners.join(" "));
    for trial in trials {
        let (x, y) = place(trial);
        let is_best = best.iter().any(|other| std::ptr::eq(*other, *trial));
        let faint = if is_best { "" } else { " faint" };
        let shape = match trial.setting {
            Setting::Ef(_) => "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z",
            Setting::Recall(_) => "M0,-6L6,0L0,6L-6,0z",
            Setting::Exact => "M-4.5,-4.5h9v9h-9z",
        };
        let said = tooltip(name, trial);
        svg += &format!("<path class=\"point{faint}\" transform=\"translate({x:.1} {y:.1})\" d=\"{shape}\">");
        svg += &format!("<title>{said}</title></path>\n");
    }
    svg + "</g>\n"
}

fn tooltip(name: &str, trial: &Trial) -> String {
    let setting = match trial.setting {
        Setting::Recall(recall) => format!("asked for recall {recall}"),
        other => other.to_string(),
    };
    let speed = &trial.per_cpu_second;
    format!(
        "{name}: {setting}\nrecall@{} {:.4}\n{} queries/s/core ({}–{})\n{} distances, {} hops a query",
        trial.k,
        trial.recall,
        rate(speed.median),
        rate(speed.min),
        rate(speed.max),
        count(trial.distances.round() as u64),
        count(trial.hops.round() as u64)
    )
}

/// Trials that no other beats in both recall and speed, the fastest first.
fn frontier<'a>(trials: &[&'a Trial]) -> Vec<&'a Trial> {
    let speed = |trial: &Trial| trial.per_cpu_second.median;
    let mut sorted = trials.to_vec();
    sorted.sort_by(|a, b| speed(b).total_cmp(&speed(a)).then(b.recall.total_cmp(&a.recall)));
    let mut best = f64::NEG_INFINITY;
    sorted.retain(|trial| {
        let is_better = trial.recall > best;
        best = best.max(trial.recall);
        is_better
    });
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::spread::Spread;

    fn trial(recall: f64, per_second: f64) -> Trial {
        let speed = Spread::of([per_second].into_iter());
        Trial {
            k: 10,
            setting: Setting::Ef(10),
            query_count: 1,
            recall,
            distances: 1.0,
            hops: 1.0,
            per_cpu_second: speed,
            per_second: speed,
            latencies_us: [speed; 4],
            batch_per_second: speed,
        }
    }

    #[test]
    fn the_frontier_leaves_out_what_is_beaten() {
        let trials =
            [trial(0.9, 100.0), trial(0.8, 50.0), trial(0.99, 20.0), trial(0.99, 10.0), trial(0.5, 300.0)];
        let best: Vec<f64> = frontier(&trials.iter().collect::<Vec<_>>()).iter().map(|t| t.recall).collect();
        assert_eq!(best, [0.5, 0.9, 0.99]);
    }

    #[test]
    fn everything_lies_inside_the_axes() {
        for recalls in [&[0.0, 1.0][..], &[1.0], &[0.5], &[0.98, 0.9999999], &[0.0]] {
            let trials: Vec<Trial> = recalls.iter().map(|recall| trial(*recall, 1e3)).collect();
            let axes = Axes::of(&trials.iter().collect::<Vec<_>>());
            for trial in &trials {
                let (x, y) = (axes.x(trial.recall), axes.y(1e3));
                assert!((MARGINS.0..=WIDTH - MARGINS.1).contains(&x), "{recalls:?}: {x}");
                assert!((MARGINS.2..=HEIGHT - MARGINS.3).contains(&y), "{recalls:?}: {y}");
            }
        }
    }
}
