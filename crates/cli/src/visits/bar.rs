//! Bars of a chart, to an eighth of a character.

/// The eighths of a full block.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar for `count`, which is `width` characters long for `most`. A count above zero has a bar that can be seen.
pub(super) fn of(count: u64, most: u64, width: usize) -> String {
    if count == 0 || most == 0 {
        return String::new();
    }
    let eighths = u128::from(count) * (width as u128) * 8 / u128::from(most);
    let eighths = usize::try_from(eighths).unwrap_or(width * 8).max(1);
    let mut bar = "█".repeat(eighths / 8);
    bar.extend(EIGHTHS.get(eighths % 8).filter(|part| **part != ' '));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_proportional_and_visible() {
        assert_eq!(of(0, 10, 4), "");
        assert_eq!(of(10, 10, 4), "████");
        assert_eq!(of(5, 10, 4), "██");
        assert_eq!(of(1, 16, 4), "▎");
        assert_eq!(of(1, u64::MAX, 4), "▏");
        assert_eq!(of(u64::MAX, u64::MAX, 4), "████");
    }
}
