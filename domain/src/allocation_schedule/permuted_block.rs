//! `permuted-block/1`: which arm the s-th case of a schedule gets. Written so that anybody can
//! compute it again, in any language, from the seed.
//!
//! In what follows, `||` puts bytes one after the other, `seed` is its 32 bytes, words are their
//! ASCII bytes without a terminator, and `u32(n)` is n in 4 bytes, the most significant first. The
//! arms and the block sizes are lists, counted from 0, in the order of `AllocationScheduleOpened`.
//!
//! 1. Blocks are counted from 1. With `h` the first 8 bytes of SHA-256(`seed || "size" || u32(b)`)
//!    as an unsigned number, the most significant first, block `b` has as many places as
//!    `block_sizes[h mod n]` says, `n` being how many sizes there are.
//! 2. The places of a block are counted from 0. Place `p` has the arm `arms[p mod k]`, `k` being how
//!    many arms there are: a size can be divided by `k`, so each arm has equally many places.
//! 3. The places are put into the order of SHA-256(`seed || "place" || u32(b) || u32(p)`), compared
//!    byte by byte, the smallest first.
//! 4. The first case gets the arm of the first place of block 1 in that order, and so on through
//!    the block, then through block 2, and so on.
//!
//! `h mod n` prefers no size by more than n in 2^64.

use crate::allocation_schedule::Seed;
use crate::code::Code;

/// The name and version of the method.
pub const METHOD: &str = "permuted-block/1";

/// The same as a code.
pub(super) fn method() -> Code {
    METHOD.parse().expect("the method's name is a code")
}

/// What the s-th case gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The block that the place lies in, from 1.
    pub block: u32,
    /// The arm.
    pub arm: Code,
}

/// The places of a schedule, in the order in which cases get them.
#[derive(Debug)]
pub struct Places<'a> {
    seed: &'a Seed,
    arms: &'a [Code],
    block_sizes: &'a [u16],
    block: u32,
    /// The arms left in the block, the next one last.
    left: Vec<&'a Code>,
}

impl<'a> Places<'a> {
    /// All places. There is none without an arm or a size; otherwise they end with the numbers.
    #[must_use]
    pub fn new(seed: &'a Seed, arms: &'a [Code], block_sizes: &'a [u16]) -> Self {
        Self { seed, arms, block_sizes, block: 0, left: Vec::new() }
    }

    fn size(&self, block: u32) -> Option<u16> {
        let hash = self.seed.hash(&[b"size", &block.to_be_bytes()]);
        let (first, _) = hash.split_first_chunk::<8>()?;
        let sizes = u64::try_from(self.block_sizes.len()).ok()?;
        let chosen = u64::from_be_bytes(*first).checked_rem(sizes)?;
        self.block_sizes.get(usize::try_from(chosen).ok()?).copied()
    }

    /// The next block that has a place.
    fn advance(&mut self) -> Option<()> {
        let block = self.block.checked_add(1)?;
        let mut places: Vec<([u8; 32], u32)> = (0..u32::from(self.size(block)?))
            .map(|place| {
                let parts: [&[u8]; 3] = [b"place", &block.to_be_bytes(), &place.to_be_bytes()];
                (self.seed.hash(&parts), place)
            })
            .collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        let arm = |(_, place): ([u8; 32], u32)| {
            let arm = usize::try_from(place).ok()?.checked_rem(self.arms.len())?;
            self.arms.get(arm)
        };
        self.left = places.into_iter().map(arm).collect::<Option<_>>()?;
        self.block = block;
        (!self.left.is_empty()).then_some(())
    }
}

impl Iterator for Places<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        if self.left.is_empty() {
            self.advance()?;
        }
        let arm = self.left.pop()?.clone();
        Some(Place { block: self.block, arm })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(names: &[&str]) -> Vec<Code> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    /// The first letters of the arms, a word for each block.
    fn blocks(seed: &Seed, arms: &[&str], sizes: &[u16], count: u32) -> String {
        let arms = codes(arms);
        let mut text = String::new();
        let mut block = 1;
        for place in Places::new(seed, &arms, sizes).take_while(|place| place.block <= count) {
            if place.block > block {
                text.push(' ');
                block = place.block;
            }
            text.push_str(&place.arm.as_str()[..1]);
        }
        text
    }

    /// The expected values were computed from the description above by a program in Python that
    /// shares nothing with this one (its `hashlib` and `sorted`).
    #[test]
    fn the_places_are_those_that_another_program_computes() {
        let rising = Seed::new(std::array::from_fn(|n| u8::try_from(n).unwrap()));
        assert_eq!(
            rising.commitment().as_str(),
            "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
        );
        let two = ["intervention", "control"];
        assert_eq!(blocks(&rising, &two, &[4, 6], 6), "iicicc icci ccicii cciici iccici iciicc");
        assert_eq!(blocks(&rising, &two, &[2], 6), "ci ci ci ic ic ci");
        let ones = Seed::new([0xff; 32]);
        assert_eq!(
            ones.commitment().as_str(),
            "af9613760f72635fbdb44a5a0a63c39f12af30f950a6ee5c971be188e89c4051"
        );
        assert_eq!(
            blocks(&ones, &["a", "b", "c"], &[3, 6, 9], 6),
            "abc abcabc acbacb abbaccbca aabcbcbac baacbbcca"
        );
        let arms = codes(&two);
        let thousandth = Places::new(&rising, &arms, &[4, 6]).nth(999).unwrap();
        assert_eq!((thousandth.block, thousandth.arm.as_str()), (199, "intervention"));
    }

    #[test]
    fn there_is_no_place_without_an_arm_or_a_size() {
        let seed = Seed::new([1; 32]);
        let arms = codes(&["a", "b"]);
        assert_eq!(Places::new(&seed, &[], &[4]).next(), None);
        assert_eq!(Places::new(&seed, &arms, &[]).next(), None);
        assert_eq!(Places::new(&seed, &arms, &[0]).next(), None);
    }

    proptest! {
        /// After every whole block the arms are even, and never further apart than half a block.
        #[test]
        fn every_block_holds_each_arm_equally_often(
            bytes: [u8; 32], arms in 2_u16..5, times in prop::collection::vec(1_u16..4, 1..4)
        ) {
            let seed = Seed::new(bytes);
            let names: Vec<Code> = (0..arms).map(|n| format!("arm-{n}").parse().unwrap()).collect();
            let sizes: Vec<u16> = times.iter().map(|times| times * arms).collect();
            let mut places = Places::new(&seed, &names, &sizes);
            for block in 1..=20 {
                let size = places.size(block).unwrap();
                let drawn: Vec<Place> = places.by_ref().take(usize::from(size)).collect();
                prop_assert!(drawn.iter().all(|place| place.block == block));
                for name in &names {
                    let count = drawn.iter().filter(|place| place.arm == *name).count();
                    prop_assert_eq!(count, usize::from(size / arms));
                }
            }
        }
    }
}
