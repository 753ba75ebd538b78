//! Group reward functions: simple sums over words, so that they can be read, plotted and checked.

/// r_g(completion) = Σ over features of `weight[g][feature]` × feature value, clipped to [-1, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct RewardTable {
    placeholder: (),
}
