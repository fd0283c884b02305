//! Aligned columns for people. Rows are printed while they come, so that a long list needs no memory: the first rows decide
//! how wide the columns are, and a later row with more to say makes its column wider from then on.

use crate::output::style::Style;

/// How many rows are looked at before the first one is printed.
const MAX_WAITING: usize = 200;

/// Columns with headings.
#[derive(Debug)]
pub struct Columns {
    headings: Vec<&'static str>,
    widths: Vec<usize>,
    waiting: Vec<Vec<String>>,
    has_begun: bool,
    style: Style,
}

impl Columns {
    /// Columns with these headings. The last column is not padded.
    pub fn new(headings: &[&'static str], style: Style) -> Self {
        let widths = headings.iter().map(|heading| heading.chars().count()).collect();
        Self { headings: headings.to_vec(), widths, waiting: Vec::new(), has_begun: false, style }
    }

    /// Adds a row, one text for each column. Returns the lines that can be printed.
    pub fn push(&mut self, row: Vec<String>) -> Vec<String> {
        for (width, text) in self.widths.iter_mut().zip(&row) {
            *width = (*width).max(text.chars().count());
        }
        self.waiting.push(row);
        if self.has_begun || self.waiting.len() >= MAX_WAITING { self.flush() } else { Vec::new() }
    }

    /// The lines that have not been printed. There are headings even if there is no row.
    pub fn flush(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.has_begun {
            self.has_begun = true;
            let headings: Vec<_> = self.headings.iter().map(|heading| (*heading).to_owned()).collect();
            lines.push(self.style.heading(self.align(&headings)));
        }
        for row in std::mem::take(&mut self.waiting) {
            lines.push(self.align(&row));
        }
        lines
    }

    fn align(&self, row: &[String]) -> String {
        let cells = row.iter().zip(&self.widths).map(|(text, width)| format!("{text:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let mut columns = Columns::new(&["A", "LONG", "C"], Style::of_stdout());
        assert!(columns.push(vec!["éé".to_owned(), "x".to_owned(), "y".to_owned()]).is_empty());
        columns.push(vec!["1".to_owned(), "12345".to_owned(), String::new()]);
        assert_eq!(columns.flush(), ["A   LONG   C", "éé  x      y", "1   12345"]);
        assert_eq!(columns.push(vec!["12345".to_owned(), String::new(), "z".to_owned()]), ["12345         z"]);
    }
}
