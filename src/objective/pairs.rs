//! What a method sees of a batch, and the functions that losses are made of.

use burn::tensor::{Device, Tensor, TensorData, activation};

/// Numbers of a batch that are given rather than computed, for one or more lanes: `[lane, pair]` row-major unless said.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The reference policy's log-probabilities of chosen and rejected answers, nats.
    pub reference: [Vec<f32>; 2],
    /// Their lengths in tokens, the end of the answer included.
    pub tokens: [Vec<f32>; 2],
    /// Soft label p̂ = P(chosen ≻ rejected).
    pub soft: Vec<f32>,
    /// Uniform draws in (0, 1), the same for every lane of a seed.
    pub noise: Vec<f32>,
    /// Further references' log-probabilities of both answers.
    pub others: Vec<[Vec<f32>; 2]>,
    /// Reference log-probabilities of each pair's further sequences, one list per slot.
    pub extra_reference: Vec<Vec<f32>>,
    /// Rewards of chosen, rejected, and further sequences, one list each; empty where there are none.
    pub rewards: Vec<Vec<f32>>,
    /// For methods that weigh tokens: the reference's log-probability of each token that counts, `[sequence × T]` as in
    /// [`crate::data::TokenBatch`], 0 elsewhere; empty for the others.
    pub token_reference: Vec<f32>,
    /// In the same places, 1 where the two answers differ, else 0.
    pub differs: Vec<f32>,
}

impl Given {
    /// Appends another lane's numbers.
    pub fn append(&mut self, lane: &Self) {
        let join = |to: &mut Vec<f32>, from: &[f32]| to.extend_from_slice(from);
        for side in 0..2 {
            join(&mut self.reference[side], &lane.reference[side]);
            join(&mut self.tokens[side], &lane.tokens[side]);
        }
        join(&mut self.soft, &lane.soft);
        join(&mut self.token_reference, &lane.token_reference);
        join(&mut self.differs, &lane.differs);
        join(&mut self.noise, &lane.noise);
        self.others.resize_with(lane.others.len(), Default::default);
        for (to, from) in self.others.iter_mut().zip(&lane.others) {
            (0..2).for_each(|side| join(&mut to[side], &from[side]));
        }
        for (to, from) in [(&mut self.extra_reference, &lane.extra_reference), (&mut self.rewards, &lane.rewards)] {
            to.resize_with(from.len(), Vec::new);
            to.iter_mut().zip(from).for_each(|(to, from)| join(to, from));
        }
    }
}

/// The pairs of a batch, `[lane, pair]`. a and b may carry gradients; what is [`Given`] does not.
#[derive(Clone)]
pub struct Pairs<'a> {
    /// Log-ratio of the chosen answer, log π(y_w) − log π_ref(y_w).
    pub a: Tensor<2>,
    /// Log-ratio of the rejected answer.
    pub b: Tensor<2>,
    /// Log-ratios of further sequences of each pair (samples, reference data), one tensor per slot.
    pub extra: Vec<Tensor<2>>,
    /// a and b without gradients.
    pub still: [Tensor<2>; 2],
    given: &'a Given,
    lanes: [usize; 2],
    device: Device,
}

impl<'a> Pairs<'a> {
    /// Pairs at these log-ratios (without gradients), of all lanes of `given`.
    pub fn new(a: Tensor<2>, b: Tensor<2>, extra: Vec<Tensor<2>>, given: &'a Given, device: &Device) -> Self {
        let lanes = [0, a.dims()[0]];
        Self { a: a.clone(), b: b.clone(), extra, still: [a, b], given, lanes, device: device.clone() }
    }

    /// The same pairs at log-ratios that carry gradients.
    pub fn tracked(&self, a: Tensor<2>, b: Tensor<2>, extra: Vec<Tensor<2>>) -> Self {
        Self { a, b, extra, ..self.clone() }
    }

    /// Every log-ratio as the leaf of a graph of its own.
    pub fn leaves(&self) -> Self {
        let leaf = |t: &Tensor<2>| t.clone().autodiff().require_grad();
        self.tracked(leaf(&self.still[0]), leaf(&self.still[1]), self.extra.iter().map(leaf).collect())
    }

    /// Some neighboring lanes.
    pub fn narrow(&self, start: usize, len: usize) -> Self {
        let cut = |t: &Tensor<2>| t.clone().narrow(0, start, len);
        Self {
            a: cut(&self.a), b: cut(&self.b), extra: self.extra.iter().map(cut).collect(), still: [cut(&self.still[0]), cut(&self.still[1])],
            given: self.given, lanes: [self.lanes[0] + start, len], device: self.device.clone(),
        }
    }

    /// Margin h = a − b.
    pub fn h(&self) -> Tensor<2> {
        self.a.clone() - self.b.clone()
    }

    /// h without gradients.
    pub fn still_h(&self) -> Tensor<2> {
        self.still[0].clone() - self.still[1].clone()
    }

    /// Number of pairs.
    pub fn n(&self) -> usize {
        self.still[0].dims()[1]
    }

    fn column(&self, values: &[f32]) -> Tensor<2> {
        let (n, [start, lanes]) = (self.n(), self.lanes);
        Tensor::from_data(TensorData::new(values[start * n..(start + lanes) * n].to_vec(), [lanes, n]), &self.device)
    }

    /// log π_ref of chosen (0) or rejected (1) answers.
    pub fn reference(&self, side: usize) -> Tensor<2> {
        self.column(&self.given.reference[side])
    }

    /// log π(y_w), with a's gradient.
    pub fn chosen(&self) -> Tensor<2> {
        self.a.clone() + self.reference(0)
    }

    /// log π(y_l), with b's gradient.
    pub fn rejected(&self) -> Tensor<2> {
        self.b.clone() + self.reference(1)
    }

    /// Tokens of chosen (0) or rejected (1) answers.
    pub fn tokens(&self, side: usize) -> Tensor<2> {
        self.column(&self.given.tokens[side])
    }

    /// p̂.
    pub fn soft(&self) -> Tensor<2> {
        self.column(&self.given.soft)
    }

    /// 2p̂ − 1.
    pub fn certainty(&self) -> Tensor<2> {
        self.soft() * 2.0 - 1.0
    }

    /// Uniform draws, the same for every lane of a seed.
    pub fn noise(&self) -> Tensor<2> {
        self.column(&self.given.noise)
    }

    /// Log-probabilities of both answers under further references, in order.
    pub fn others(&self) -> Vec<[Tensor<2>; 2]> {
        self.given.others.iter().map(|sides| [self.column(&sides[0]), self.column(&sides[1])]).collect()
    }

    /// log π of the further sequence in `slot`, with its gradient.
    pub fn extra_logp(&self, slot: usize) -> Tensor<2> {
        self.extra[slot].clone() + self.column(&self.given.extra_reference[slot])
    }

    /// Rewards of chosen (0), rejected (1) and further sequences (2…).
    pub fn reward(&self, sequence: usize) -> Tensor<2> {
        self.column(&self.given.rewards[sequence])
    }
}

/// −log σ(z), stable at both ends.
pub fn log_loss(z: Tensor<2>) -> Tensor<2> {
    // max(−z, 0) as |z/2| − z/2: the slope is right at z = 0 too, where every run starts. Its two slopes of ±½ meet at
    // z/2 and cancel there exactly; met by the slope of a small loss, they would swallow it. log1p keeps small losses exact.
    let half = z.clone() * 0.5;
    let hinge = half.clone().abs() - half;
    hinge + z.abs().neg().exp().log1p()
}

/// σ(z).
pub fn sigmoid(z: Tensor<2>) -> Tensor<2> {
    activation::sigmoid(z)
}

/// 1 where the condition holds, 0 elsewhere: the place of each value in its lane, ascending, ties by position.
/// `[lane, pair, rank]`, so that a product over pairs sorts and one over ranks puts back.
pub fn ranks(values: &Tensor<2>) -> Tensor<3> {
    let [lanes, n] = values.dims();
    let device = values.device();
    let (mine, theirs) = (values.clone().reshape([lanes, n, 1]).expand([lanes, n, n]), values.clone().reshape([lanes, 1, n]).expand([lanes, n, n]));
    let before: Vec<f32> = (0..n * n).map(|i| f32::from(i % n < i / n)).collect();
    let before = Tensor::<3>::from_data(TensorData::new(before, [1, n, n]), &device).expand([lanes, n, n]);
    let below = theirs.clone().lower(mine.clone()).float() + theirs.equal(mine).float() * before;
    let rank = below.sum_dim(2).expand([lanes, n, n]); // exact: small whole numbers
    let places: Vec<f32> = (0..n).map(|r| r as f32).collect();
    let places = Tensor::<1>::from_floats(places.as_slice(), &device).reshape([1, 1, n]).expand([lanes, n, n]);
    rank.equal(places).float()
}

/// `values` as the pairs of rank order `by` see them: the value whose own rank is each pair's rank in `by`.
pub fn matched(by: &Tensor<3>, values: Tensor<2>, order: &Tensor<3>) -> Tensor<2> {
    let [lanes, n] = values.dims();
    // values sorted: Σ over pairs j of order[j, r] values[j]; then each pair takes the one at its own rank.
    let sorted = values.reshape([lanes, 1, n]).matmul(order.clone()); // [lane, 1, rank]
    (by.clone() * sorted.expand([lanes, n, n])).sum_dim(2).reshape([lanes, n])
}
