//! How the figures grow with the number of hubs, as a picture.

use std::path::Path;

use anyhow::Context as _;
use plotters::prelude::*;

use super::measure::Cost;

/// A figure of a cost: what it is called, and which it is.
type Figure = (&'static str, fn(&Cost) -> f64);

/// The figures that are drawn, and told in this order.
pub const FIGURES: [Figure; 8] = [
    ("filling, s", |cost| cost.filling_seconds),
    ("filling, requests", |cost| cost.filling_requests),
    ("filling, MB on all links", |cost| cost.filling_megabytes),
    ("idle, % of one core", |cost| cost.idle_percent),
    ("idle, requests/min", |cost| cost.idle_requests),
    ("idle, KB/min on all links", |cost| cost.idle_kilobytes),
    ("memory of all, MB", |cost| cost.megabytes),
    ("memory of the largest, MB", |cost| cost.largest_megabytes),
];

/// A small chart: what it is called, and its points by the number of hubs.
pub type Chart = (&'static str, Vec<(f64, f64)>);

/// Draws one small chart for each figure into an SVG file.
pub fn draw(costs: &[Cost], file: &Path) -> anyhow::Result<()> {
    let charts = FIGURES.map(|(name, figure)| {
        let points = costs.iter().map(|cost| (hubs(cost), figure(cost)));
        (name, points.collect())
    });
    draw_charts(&charts, file)
}

/// Draws small charts, four in a row, into an SVG file.
pub fn draw_charts(charts: &[Chart], file: &Path) -> anyhow::Result<()> {
    let rows = charts.len().div_ceil(4);
    let height = 260 * u32::try_from(rows).context("charts are few")?;
    let area = SVGBackend::new(file, (1000, height)).into_drawing_area();
    area.fill(&WHITE)?;
    for ((name, points), panel) in charts.iter().zip(area.split_evenly((rows, 4))) {
        let highest = points.iter().map(|(_, y)| *y).fold(0.0, f64::max).max(1.0) * 1.15;
        let widest = points.iter().map(|(x, _)| *x).fold(0.0, f64::max) * 1.08;
        let mut chart = ChartBuilder::on(&panel)
            .caption(*name, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..widest, 0.0..highest)?;
        chart
            .configure_mesh()
            .x_desc("hubs")
            .x_labels(6)
            .y_labels(6)
            .light_line_style(WHITE)
            .draw()?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
        let dots = points
            .iter()
            .map(|point| Circle::new(*point, 3, BLUE.filled()));
        chart.draw_series(dots)?;
    }
    Ok(area.present()?)
}

/// The figures as a table in Markdown.
pub fn table(costs: &[Cost]) -> String {
    let cells = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let header = costs.iter().map(|cost| format!("{} hubs", cost.hubs));
    let mut text = cells(std::iter::once("figure".to_owned()).chain(header).collect());
    text += &cells(vec!["---".to_owned(); costs.len() + 1]);
    for (name, figure) in FIGURES {
        let row = costs.iter().map(|cost| match figure(cost) {
            value if value < 100.0 => format!("{value:.1}"),
            value => format!("{value:.0}"),
        });
        text += &cells(std::iter::once(name.to_owned()).chain(row).collect());
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "hubs are few")]
const fn hubs(cost: &Cost) -> f64 {
    cost.hubs as f64
}
