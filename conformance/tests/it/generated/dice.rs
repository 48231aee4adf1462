//! Random numbers that follow from a seed and a number: splitmix64, small and quick.

/// A source of random numbers.
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The dice of one request.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut dice = Self {
            state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ number.wrapping_mul(0x9e6c_63d0_876a_68ee),
        };
        dice.next();
        dice
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from zero up to this one, which is not among them.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let position = self.below(u64::try_from(list.len()).unwrap_or(u64::MAX));
        &list[usize::try_from(position).unwrap_or_default()]
    }
}
