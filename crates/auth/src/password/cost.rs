//! What it costs to hash a password.

use super::argon2::{MAXIMUM_MEMORY, MAXIMUM_PASSES, MAXIMUM_WORK};

/// Memory in KiB and passes over it, of which either makes up for the other: the least that is recommended
/// (OWASP, Password Storage Cheat Sheet).
const LEAST: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// What a new hash costs whoever computes it, here and with a stolen database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl PasswordCost {
    /// Whether it is as much as is recommended at least.
    pub fn is_safe(self) -> bool {
        LEAST
            .iter()
            .any(|(memory, passes)| self.memory >= *memory && self.passes >= *passes)
    }

    /// Whether a hash of it is compared with: what costs more is taken for an attack on the service.
    pub fn is_bounded(self) -> bool {
        self.memory <= MAXIMUM_MEMORY
            && (1..=MAXIMUM_PASSES).contains(&self.passes)
            && self.memory.saturating_mul(self.passes) <= MAXIMUM_WORK
    }
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory: 19_456,
            passes: 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_makes_up_for_passes_and_passes_for_memory() {
        let is_safe = |memory, passes| PasswordCost { memory, passes }.is_safe();
        for (memory, passes) in LEAST {
            assert!(is_safe(memory, passes) && is_safe(memory + 1, passes) && is_safe(memory, passes + 1));
            assert!(!is_safe(memory - 1, passes) && !is_safe(memory, passes - 1));
        }
        assert!(PasswordCost::default().is_safe() && !is_safe(8, 16));
    }

    #[test]
    fn a_cost_that_may_be_set_is_one_that_is_read() {
        let is_bounded = |memory, passes| PasswordCost { memory, passes }.is_bounded();
        assert!(is_bounded(8, 1) && is_bounded(262_144, 4) && is_bounded(65_536, 16));
        assert!(
            !is_bounded(262_145, 1) && !is_bounded(262_144, 5) && !is_bounded(8, 0) && !is_bounded(8, 17)
        );
    }
}
