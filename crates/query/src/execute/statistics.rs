//! Sums and what follows of them, exact as long as they can be: SQLite's own end at 64 bits or are floats.

use num_bigint::BigInt;

/// What is known of a column's values so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    count: u64,
    sum: i128,
    squares: u128,
    /// How often the squares went beyond 128 bits.
    carries: u64,
}

/// What is computed of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    Average,
    StddevSample,
    StddevPopulation,
    VarianceSample,
    VariancePopulation,
}

impl Moments {
    pub(super) fn add(&mut self, value: i64) {
        self.count += 1;
        // 2⁶⁴ values of 63 bits fit.
        self.sum += i128::from(value);
        let square = u128::from(value.unsigned_abs()).pow(2);
        let (squares, carried) = self.squares.overflowing_add(square);
        self.squares = squares;
        self.carries += u64::from(carried);
    }

    /// The sum as 16 bytes in the order of numbers; nothing without a value.
    pub(super) fn sum(&self) -> Option<[u8; 16]> {
        (self.count > 0).then(|| (self.sum.cast_unsigned() ^ SIGN).to_be_bytes())
    }

    /// One division of exact numbers, and for a deviation its root; nothing where there are too few values.
    pub(super) fn statistic(&self, statistic: Statistic) -> Option<f64> {
        let count = self.count as f64;
        let (dividend, divisor) = match statistic {
            Statistic::Average => (self.sum as f64, count),
            Statistic::StddevSample | Statistic::VarianceSample => (self.spread(), count * (count - 1.0)),
            Statistic::StddevPopulation | Statistic::VariancePopulation => (self.spread(), count * count),
        };
        let value = (divisor > 0.0).then_some(dividend / divisor)?;
        Some(match statistic {
            Statistic::StddevSample | Statistic::StddevPopulation => value.sqrt(),
            _ => value,
        })
    }

    /// The number of values times the sum of their squares, less the square of their sum.
    fn spread(&self) -> f64 {
        let squares = (BigInt::from(self.carries) << 128) + BigInt::from(self.squares);
        let spread: BigInt = squares * self.count - BigInt::from(self.sum).pow(2);
        // Reading the digits rounds to the nearest float.
        spread.to_string().parse().unwrap_or(f64::NAN)
    }
}

const SIGN: u128 = 1 << 127;

/// The digits of a sum.
pub(super) fn integer_text(bytes: [u8; 16]) -> String {
    (u128::from_be_bytes(bytes) ^ SIGN).cast_signed().to_string()
}

/// The shortest digits that mean the number.
pub(super) fn float_text(value: f64) -> String {
    const WITHOUT_EXPONENT: f64 = 1e15;
    match value.abs() < WITHOUT_EXPONENT {
        true => value.to_string(),
        false => format!("{value:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[i64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.add(*value));
        moments
    }

    fn sum(values: &[i64]) -> Option<String> {
        moments(values).sum().map(integer_text)
    }

    #[test]
    fn sums_do_not_overflow_and_compare_as_bytes() {
        assert_eq!(sum(&[]), None);
        assert_eq!(
            sum(&[i64::MAX, i64::MAX]).as_deref(),
            Some("18446744073709551614")
        );
        assert_eq!(
            sum(&[i64::MIN, i64::MIN]).as_deref(),
            Some("-18446744073709551616")
        );
        let ordered =
            [&[i64::MIN, -1][..], &[-1], &[0], &[1], &[i64::MAX, 1]].map(|values| moments(values).sum());
        assert!(ordered.is_sorted());
    }

    #[test]
    fn too_few_values_have_no_statistic() {
        assert_eq!(moments(&[]).statistic(Statistic::Average), None);
        assert_eq!(moments(&[]).statistic(Statistic::VariancePopulation), None);
        assert_eq!(moments(&[7]).statistic(Statistic::StddevSample), None);
        assert_eq!(moments(&[7]).statistic(Statistic::VariancePopulation), Some(0.0));
    }

    #[test]
    fn statistics_are_those_of_the_exact_numbers() {
        let values = moments(&[1, 2, 4]);
        assert_eq!(values.statistic(Statistic::Average), Some(7.0 / 3.0));
        assert_eq!(values.statistic(Statistic::VarianceSample), Some(14.0 / 6.0));
        assert_eq!(
            values.statistic(Statistic::StddevPopulation),
            Some((14.0_f64 / 9.0).sqrt())
        );
        let far = moments(&[i64::MAX, i64::MIN, i64::MAX - 1]);
        assert_eq!(
            far.statistic(Statistic::VarianceSample),
            Some(1.134_274_556_403_128_1e38)
        );
    }

    #[test]
    fn floats_are_written_short() {
        assert_eq!(
            [2.0, 0.1, -2.5, 1e300].map(float_text),
            ["2", "0.1", "-2.5", "1e300"]
        );
    }
}
