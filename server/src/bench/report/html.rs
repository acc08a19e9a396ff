//! A bench's figures as one page: plots, then tables. It needs nothing else, no script, font or network; light or dark as its reader likes.

use super::plot::{colour, plot};
use super::table::{about, cells, columns, prices};
use super::{Machine, Scene};
use crate::bench::Run;
use crate::bench::workload::Workload;

const STYLE: &str = include_str!("page.css");

/// The page.
pub(super) fn page(scene: &Scene<'_>, workload: &Workload, runs: &[Run]) -> String {
    let name = escape(&workload.name);
    let [set, machine] = about(scene, workload).map(|line| escape(&line));
    let mut body = format!(
        "<h1>{name}</h1>\n<p class=\"about\">{set}<br>{machine}<br>{}</p>\n",
        escape(&how(scene, runs))
    );
    for k in scene.args.ks() {
        body += &figure(scene, runs, k);
    }
    body += "<h2>What it takes</h2>\n<div class=\"cards\">\n";
    for (place, run) in runs.iter().enumerate() {
        body += &card(scene, workload, run, place);
    }
    body += "</div>\n<h2>All figures</h2>\n";
    for run in runs {
        for k in scene.args.ks() {
            body += &table(run, k);
        }
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>nigh bench: {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// The version, the instructions, and where single queries ran.
fn how(scene: &Scene<'_>, runs: &[Run]) -> String {
    let Machine { features, .. } = &scene.machine;
    let kernels = runs.iter().flat_map(|run| &run.built.indexes).map(|index| index.kernels).next();
    let pinned = match runs.iter().find_map(|run| run.sweep.pinned_to) {
        Some(cpu) => format!("single queries on processor {cpu} alone"),
        None => "single queries on one thread, not kept on one processor".to_owned(),
    };
    format!(
        "nigh {}; kernels {}; {pinned}; {}",
        env!("CARGO_PKG_VERSION"),
        kernels.unwrap_or("of the scan"),
        features.join(" ")
    )
}

fn title(run: &Run) -> String {
    format!("m {}, ef_construct {}, quantile {}", run.index.m, run.index.ef_construct, run.index.quantile)
}

fn figure(scene: &Scene<'_>, runs: &[Run], k: usize) -> String {
    let key = |(place, run): (usize, &Run)| {
        format!("<li class=\"{}\"><i></i>{}</li>\n", colour(place), escape(&title(run)))
    };
    let keys: String = runs.iter().enumerate().map(key).collect();
    let exact = if scene.args.exact { " ■ exact" } else { "" };
    format!(
        "<figure>\n<figcaption><h2>Recall against speed, k = {k}</h2>\
         <p>One query at a time on one core. ● ef ◆ recall asked for{exact}. Up and to the right is better.</p></figcaption>\n\
         {}<ul class=\"keys\">\n{keys}</ul>\n</figure>\n",
        plot(runs, k)
    )
}

fn card(scene: &Scene<'_>, workload: &Workload, run: &Run, place: usize) -> String {
    let row = |[name, value, remark]: [String; 3]| {
        format!("<dt>{}</dt><dd>{}<small>{}</small></dd>\n", escape(&name), escape(&value), escape(&remark))
    };
    let rows: String = prices(scene, workload, run).into_iter().map(row).collect();
    format!(
        "<section class=\"card {}\"><h3><i></i>{}</h3>\n<dl>\n{rows}</dl></section>\n",
        colour(place),
        escape(&title(run))
    )
}

fn table(run: &Run, k: usize) -> String {
    let cell = |tag: &str, text: &String| format!("<{tag}>{}</{tag}>", escape(text));
    let head: String = columns(k).iter().map(|text| cell("th", text)).collect();
    let row = |cells: Vec<String>| {
        let cells: String = cells.iter().map(|text| cell("td", text)).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let trials = run.sweep.trials.iter().filter(|trial| trial.k == k);
    let rows: String = trials.map(|trial| row(cells(trial))).collect();
    format!(
        "<div class=\"wide\"><table>\n<caption>{}, k = {k}</caption>\n\
         <thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n",
        escape(&title(run))
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
