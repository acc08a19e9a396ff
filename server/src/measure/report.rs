//! A figure beside its floor and aim, as a row of a Markdown table and as JSON.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::out::Out;
use crate::units::{rate, round};

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
}

/// One row: a number, what it must reach and what it should.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) figure: String,
    pub(super) unit: &'static str,
    pub(super) measured: f64,
    /// The least that is accepted, and what is aimed at; none for numbers that only explain others.
    pub(super) goal: Option<(f64, f64)>,
    pub(super) better: Better,
}

impl Row {
    /// A number with a floor and an aim.
    pub(super) fn goal(
        figure: impl Into<String>,
        measured: f64,
        unit: &'static str,
        better: Better,
        floor: f64,
        aim: f64,
    ) -> Self {
        Self { figure: figure.into(), unit, measured, goal: Some((floor, aim)), better }
    }

    /// A number that explains others.
    pub(super) fn plain(figure: impl Into<String>, measured: f64, unit: &'static str) -> Self {
        Self { figure: figure.into(), unit, measured, goal: None, better: Better::Higher }
    }

    fn verdict(&self) -> &'static str {
        let Some((floor, aim)) = self.goal else { return "" };
        let reaches = |limit: f64| match self.better {
            Better::Higher => self.measured >= limit,
            Better::Lower => self.measured <= limit,
        };
        match (reaches(aim), reaches(floor)) {
            (true, _) => "aim met",
            (false, true) => "floor met",
            (false, false) => "FLOOR MISSED",
        }
    }
}

/// What one command found.
#[derive(Debug, Clone)]
pub(super) struct Report {
    name: &'static str,
    rows: Vec<Row>,
    details: Map<String, Value>,
    wrong: Vec<String>,
}

impl Report {
    /// An empty report.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, rows: Vec::new(), details: Map::new(), wrong: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, row: Row) -> &mut Self {
        self.rows.push(row);
        self
    }

    /// Adds a value to the JSON: a flag, a count.
    pub(super) fn detail(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Notes that an answer was wrong.
    pub(super) fn wrong(&mut self, what: impl Into<String>) -> &mut Self {
        self.wrong.push(what.into());
        self
    }

    /// Whether every answer was right.
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Prints table and JSON, or JSON alone.
    pub(super) fn print(&self, json_only: bool, out: &mut Out) -> std::io::Result<()> {
        if !json_only {
            writeln!(out, "| figure | measured | floor | aim | |\n|---|---|---|---|---|")?;
            for row in &self.rows {
                let number = |value: f64| format!("{}{}", short(value), row.unit);
                let (floor, aim) = row.goal.map_or_else(
                    || (String::new(), String::new()),
                    |(floor, aim)| (number(floor), number(aim)),
                );
                let measured = number(row.measured);
                writeln!(out, "| {} | {measured} | {floor} | {aim} | {} |", row.figure, row.verdict())?;
            }
            for what in &self.wrong {
                writeln!(out, "\nWRONG: {what}")?;
            }
            writeln!(out)?;
        }
        out.json(&self.json())
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "figure": row.figure,
                "unit": row.unit.trim(),
                "measured": round(row.measured, 4),
                "floor": row.goal.map(|(floor, _)| floor),
                "aim": row.goal.map(|(_, aim)| aim),
                "verdict": row.verdict(),
            })
        };
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        let version = env!("CARGO_PKG_VERSION");
        json!({"measure": self.name, "version": version, "rows": rows, "details": self.details, "wrong": self.wrong})
    }
}

/// Enough digits to compare with.
fn short(value: f64) -> String {
    match value {
        _ if value.fract() == 0.0 || value >= 100.0 => rate(value).replace(".0", ""),
        // Shares, where the third digit tells.
        _ if value < 1.0 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_look_the_right_way() {
        let row = |measured, better| Row::goal("x", measured, "", better, 10.0, 5.0).verdict();
        assert_eq!(row(5.0, Better::Lower), "aim met");
        assert_eq!(row(10.0, Better::Lower), "floor met");
        assert_eq!(row(10.1, Better::Lower), "FLOOR MISSED");
        assert_eq!(Row::goal("x", 3.0, "", Better::Higher, 2.0, 4.0).verdict(), "floor met");
        assert_eq!(Row::plain("x", 3.0, "").verdict(), "");
    }
}
