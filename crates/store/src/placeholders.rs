//! The numbered parameters of statements whose number of values is only known when they run.

/// `($2, $3, $4)`: `count` values from parameter `first` on.
pub fn list(first: usize, count: usize) -> String {
    format!("({})", Vec::from_iter((first..first + count).map(|at| format!("${at}"))).join(", "))
}

/// `($1, $2), ($3, $4)`: `count` rows of `width` values.
pub fn rows(count: usize, width: usize) -> String {
    Vec::from_iter((0..count).map(|row| list(row * width + 1, width))).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_without_a_gap() {
        assert_eq!(list(3, 2), "($3, $4)");
        assert_eq!(rows(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
