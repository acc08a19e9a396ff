//! Maximal marginal relevance: candidates go in, those that are near the query and far from each other come out.
//!
//! Carbonell and Goldstein, SIGIR 1998.

/// Which candidates to take, in this order: the most relevant first, then each time the one with the largest `lambda` · relevance -
/// (1 - `lambda`) · similarity to the most similar one taken so far. Of equal ones the earlier is taken.
///
/// `similarities(taken)` are those of all candidates to one of them. `lambda` is of 0..=1.
///
/// # Errors
/// Those of `similarities`.
pub(crate) fn most_diverse<E>(
    relevance: &[f32],
    lambda: f32,
    count: usize,
    mut similarities: impl FnMut(usize) -> Result<Vec<f32>, E>,
) -> Result<Vec<usize>, E> {
    let mut nearest_taken = vec![f32::NEG_INFINITY; relevance.len()];
    let mut left: Vec<usize> = (0..relevance.len()).collect();
    let mut taken: Vec<usize> = Vec::new();
    while taken.len() < count && !left.is_empty() {
        let worth = |candidate: usize| {
            let of = |values: &[f32]| values.get(candidate).copied().unwrap_or(f32::NEG_INFINITY);
            match taken.is_empty() {
                true => of(relevance),
                false => lambda * of(relevance) - (1.0 - lambda) * of(&nearest_taken),
            }
        };
        let mut best: Option<(usize, f32)> = None;
        for (place, candidate) in left.iter().enumerate() {
            let worth = worth(*candidate);
            if best.is_none_or(|(_, most)| worth > most) {
                best = Some((place, worth));
            }
        }
        let Some((place, _)) = best else { break };
        let next = left.remove(place);
        taken.push(next);
        if taken.len() < count && !left.is_empty() {
            for (nearest, similarity) in nearest_taken.iter_mut().zip(similarities(next)?) {
                *nearest = nearest.max(similarity);
            }
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a line: similarity is the negative squared distance.
    fn picked(places: &[f32], query: f32, lambda: f32, count: usize) -> Vec<usize> {
        let similarity = |a: f32, b: f32| -(a - b) * (a - b);
        let relevance: Vec<f32> = places.iter().map(|place| similarity(*place, query)).collect();
        let to = |taken: usize| Ok::<_, ()>(places.iter().map(|p| similarity(*p, places[taken])).collect());
        most_diverse(&relevance, lambda, count, to).expect("no errors")
    }

    #[test]
    fn relevance_alone_keeps_the_order() {
        assert_eq!(picked(&[0.0, 0.1, 0.2, 5.0], 0.0, 1.0, 4), [0, 1, 2, 3]);
    }

    #[test]
    fn diversity_passes_twins_by() {
        assert_eq!(picked(&[0.0, 0.0, 1.0, 2.0], 0.0, 0.4, 3), [0, 3, 2]);
        assert_eq!(picked(&[0.0, 0.1, 9.0], 0.0, 0.0, 2), [0, 2]);
    }

    #[test]
    fn ties_and_few_candidates() {
        assert_eq!(picked(&[1.0, 1.0, 1.0], 0.0, 0.5, 9), [0, 1, 2]);
        assert_eq!(picked(&[], 0.0, 0.5, 9), [0usize; 0]);
        assert_eq!(picked(&[1.0], 0.0, 0.5, 0), [0usize; 0]);
    }
}
