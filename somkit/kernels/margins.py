"""How far rounded scores may be from the truth, proven, so that a fast search never loses the right unit.

**The rule.** The nearest unit is the lowest index among those whose distance, evaluated directly in double precision,
is within ``tie(d)`` = (d + 4) 2⁻⁵² (relative) of the smallest; the second nearest is the same among the units left. A
directly evaluated distance is within (d + 4) 2⁻⁵⁴ of the truth, whatever the order of summation: a difference, a square
and d - 1 additions give a sum of squares within γ of d + 2 roundings, its root half of that and one more. So every unit
that the rule could choose as k-th has a true distance of at most D (1 + 1.6 tie), where D is the k-th smallest true
distance. Fast kernels propose every unit for which they cannot exclude that; the rule then decides among the proposals.

**Notation.** u is the unit roundoff (2⁻²⁴ or 2⁻⁵³), γ(k) = k u / (1 - k u); a sum of products in which no term passes
more than k roundings is within γ(k) Σ|aᵢ bᵢ| <= γ(k) |a| |b| of the truth (Higham, Accuracy and Stability, ch. 3).

**Scores.** With x' = s (x - c) and w' = s (w - c), c the codebook's mean (any vector would do) and s a power of two
such that the largest |w'| component lies in [1/2, 1), |x' - w'|² = |x'|² + 2 S with S = ½|w'|² - x'·w', so units rank
by S. What is computed differs from S by: rounding x' and w' to the type of the scores (the subtraction in double, the
cast if any: within 1.001 u each, so 2.01 u |x'||w'|); rounding ½|w'|² (eight interleaved sums in double precision, then
a cast: 1.001 u in float32, γ(d/8 + 6) in float64); and the sum itself, γ(D + 1)(|x̂||ŵ| + ½|w'|²) where no term passes
more than D + 1 roundings, however the sum is ordered. Together at most

    E(x) = γ(D + 4) |x̂| w + γ(D + 4 + e) h,    w = max |ŵ|, h = max ½|w'|², e = 0 (float32) or d/8 + 6 (float64),

with 0.9 u |x̂| w + 2 u h to spare. If the k-th smallest score is at most T, the k nearest units have true scores <= T +
E, ties included <= T + E + ½ (3.3 tie) D² with D <= |x| + w, hence computed scores <= T + 2E + 2 tie (|x| + w)² =: T +
``tolerance``. The factor 1.001 in ``coefficients`` pays for the rounding of the tolerance itself; that of the sum T +
tolerance, u (|x̂| w + h) at most, is paid by what E has to spare, or it is rounded upwards. Underflow: each operation
loses at most 2⁻¹⁴⁹ (2⁻¹⁰⁷⁴) times a factor of at most 2⁴⁰ (rows with |x̂| > 2⁴⁰ are not searched by scores), in all
less than d 2⁻¹⁰⁰, and that is far below the 0.1 % of E >= γ(5) / 8 added for it; a codebook whose extent has no such s
(below 2⁻¹⁰⁰⁰ or above 2¹⁰⁰⁰) is searched directly. If all units coincide, all scores are 0 and all units proposed.

**Low rank.** Let Q (d, q) be any matrix, t = Qᵀw' rounded somehow, e = w' - Q t, r >= |e|, g >= |Qᵀe|; ŷ a computed
Qᵀx̂ with |ŷ - Qᵀx̂| <= ε |x̂|, ε = γ(D(d) + 1) |Q| (Frobenius); Δ >= |QᵀQ - I|; p = x̂ - Q ŷ. Then x̂·w' = (Qᵀx̂)·t +
x̂·e and x̂·e = p·e + ŷ·(Qᵀe), so |x̂·w' - ŷ·t| <= ε |x̂||t| + |p| r + |ŷ| g, and

    |p|² = |x̂|² - 2 ŷ·Qᵀx̂ + |Q ŷ|² <= |x̂|² - |ŷ|² + (2 ε (1 + Δ + ε) + Δ (1 + Δ + ε)²) |x̂|² =: ρ²

because |ŷ| <= (|Q|₂ + ε) |x̂| and |Q|₂² <= 1 + Δ. So with L = h - ŷ·t - ρ r as computed, S lies between L - E' and L +
2 ρ r + E', where

    E' = (γ(D(q + 1) + 4) (B² w + R r) + ε B w + B g + 1.01 u w) |x̂| + γ(D(q + 1) + 4 + e) h,    B = 1.01 (1 + Δ + ε),

since |t| <= B w, |ŷ| <= B |x̂| and ρ <= R |x̂|, R² = 1 + ``excess`` = ρ²/|x̂|² where ŷ = 0. It has the form of E:
candidates are the units with L <= T + 2 E' + 2 tie (|x| + w)² where T is the k-th smallest L + 2 ρ r of any units.
(γ(D(q + 1) + 1) would do for L; the 3 roundings left, twice, pay for those of T and of the limit: at most u (2 |x̂| B²
w + 2 h + 4 ρ r).) Nothing is assumed of Q: a poor basis costs time, never exactness. Once k units have been measured,
D² at least the k-th smallest squared distance says more: its score is at most ½(s² D² - |x'|²), which is known up to
1.01 u |x̂|² (the rounding of x') and (d + 1) 2⁻⁵⁴ |x̂|² (of |x̂|²), outweighed by 2 u |x̂|² + 2 tie (|x| + w)²; units
whose L lies above it by that and the tolerance are dropped.

**Residuals.** r and g come from Qᵀw', t and QᵀQ alone, multiplied out: |e|² = |w'|² - 2 t·Qᵀw' + t·QᵀQ t, which is a
sum of elementary products w'ᵢ², w'ᵢ Qᵢⱼ tⱼ and tⱼ Qᵢⱼ Qᵢₖ tₖ whose moduli add up to at most (|w'| + |Q||t|)². None of
them passes more than d + 2 q + 8 roundings in double precision (that of w', a product, d additions, a product, q
additions, once more for QᵀQ t, two differences), so |e|² is known within γ(d + 2 q + 8) (|w'| + |Q||t|)². Likewise
every component of Qᵀe = Qᵀw' - QᵀQ t, and all together within γ(d + 2 q + 8) |Q| (|w'| + |Q||t|).

**Squares summed directly** (online, tiles): â = Σ (x - w)² without centring is within γ(d + 2) of |x - w|², plus d η, η
= 2⁻¹⁴⁹ (2⁻¹⁰⁷⁴), of underflow. So with â₀ the k-th smallest, the k nearest units have â <= (â₀ + d η) (1 + γ)/(1 - γ)
(1 + 3.3 tie) + d η <= â₀ (1 + ``relative``) + ``absolute`` =: ℓ, and true squares |x - w|² <= (ℓ + d η)/(1 - γ).

**Boxes** (tiles). Let A (d, q) be any matrix, Δ >= |AᵀA - I|, v = x - c for any c, and Bz = (Aᵀz, z - AAᵀz). Then BᵀB =
I - A (I - AᵀA) Aᵀ, so |Bz|² <= (1 + Δ (1 + Δ)) |z|². For every unit in a box, whose edges enclose all Aᵀ(w - c) and
whose last one is r >= |(I - AAᵀ)(w - c)| (both computed in double precision from w - c, with errors of at most
γ(d + 8) |A||w - c|, and of γ(d + 2 q + 12) (1 + |A|²)²|w - c|² in r², as for the residuals above, and rounded
outwards), |B(x - w)| is at least the length of
(distance of Aᵀv from the box, (ρ - r)₊) with ρ = |v - AAᵀv|: a projection, and the triangle inequality. Computed are ŷ
with |ŷ - Aᵀv| <= ε |v|, ε = γ(d + 3) |A| (one rounding of v, d of products and sums), which is at most that much nearer
to the box, and ρ̂ <= ρ from

    ρ² = |v|² - 2 |Aᵀv|² + |AAᵀv|² >= |v|² - (1 + Δ) |Aᵀv|²  and  |Aᵀv|² <= (1 + ε) |ŷ|² + (ε + ε²) |v|².

With (a + b)² <= (1 + τ) a² + (1 + 1/τ) b², τ = 2⁻¹⁰, and γ(q + 6) for summing q + 1 squared gaps, no box of a unit that
counts is computed to be further away than ``widening`` ℓ + ``blur`` |v̂|² + ``absolute``; and no such unit is by its
coordinates Aᵀ(w - c), rounded (by 1.01 u of their length, which enters like ε |v|), and its own r. Underflow moves ŷ
and ρ̂ by less than 2 √((d + q + 4) η), which enters like that too; where |v̂|² overflows nothing is skipped.

**Patches** (tiles in numpy) are boxes of their own, in the frame of the scores: about a unit c' of the tile, along any
matrix P (d, q), q <= 2. Let v = x' - c', y = Pᵀv, p = v - P y, and for each unit e = w' - c', a any numbers near Pᵀe
with |aᵢ| <= αᵢ, f = e - P a, r >= |f|, Δ >= |PᵀP - I|, g >= |Pᵀf|. Then v·e = y·a + p·f + y·Pᵀf and |e|² >= (1 - Δ)
|a|² - 2 |a| g + |f|², and | |p|² - (|v|² - |y|²) | <= Δ |y|², so

    |x' - w'|² = |v|² - 2 v·e + |e|² >= Σ (|yᵢ| - αᵢ)₊² + (|p| - r)₊² - 2 (|a| + |y|) g - Δ (|a|² + |y|²).

Computed in double precision, a = Pᵀe gives g <= 1.01 η |e| and Δ <= η where η is what is computed of |PᵀP - I|, and γ(4
d + 32) more for all these roundings. As |e| <= 2 w and |y| <= 1.01 (|x| + w), what is subtracted is at most 18 η B with
B = (|x| + w)². That e and f are rounded themselves is paid by 2⁻³⁰ w, added to r. In the type of the scores, with G =
γ(2 d + 16): |v|² = |x'|² + 2 S(c), where 2 S(c) is known up to 2 E <= G B and |x'|² up to G B; yᵢ is a sum of d + 1
products, of (x̂, 1) with Pᵢ and -Pᵢ·c', wrong by at most 1.01 γ(2 d + 8) (|x| + w) as a score would be, so that |ŷ|² is
wrong by at most 3 G B, and so is Σ (|ŷᵢ| - αᵢ)₊²; up to 10 roundings of numbers below 2 B cost G B. So |p|² is at least
what is computed of it less 6 G B + 2 η B (that is subtracted under the root), and no box that holds a unit is then
computed to be further away, squared, than the unit by more than 5 G B + 18 η B. Units that count have |x' - w'|² <=
|x'|² + 2 (T + E) + 3.3 tie (|x| + w)² where T is a computed score of any unit, at most |x̂|² + 2 T + 6 G B as computed.
Patches are skipped beyond |x̂|² + 2 T + ``patches`` B, and ``patches`` B is subtracted under the root. There |x̂|² <= 2⁸⁰
and w >= 1/2, so nothing overflows, and what underflows is far below G B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

SLACK = 1.001
TAU = 2.0**-10


def roundoff(dtype: DTypeLike) -> float:
    """Return the unit roundoff of a number type: 2⁻²⁴ or 2⁻⁵³."""
    return float(np.finfo(dtype).eps) / 2


def gamma(count: int, dtype: DTypeLike) -> float:
    """Bound the relative error of a chain of ``count`` roundings: count u / (1 - count u)."""
    error = count * roundoff(dtype)
    return error / (1 - error) if error < 1 else np.inf


def tie(d: float) -> float:
    """Return the relative difference up to which two directly evaluated distances count as equal."""
    return (d + 4) * 2.0**-52


@dataclass(frozen=True)
class Coefficients:
    """tolerance(x) = slope |x| + base + tie (|x| + widest)², in the centred and scaled units of the scores."""

    slope: float
    base: float
    tie: float
    widest: float

    def tolerance(self, norms: np.ndarray) -> np.ndarray:
        """Return how far above the k-th smallest score one of the k nearest may lie, for rows of these norms."""
        norms = norms * (1 + 1e-6)
        return self.slope * norms + self.base + self.tie * (norms + self.widest) ** 2


def coefficients(depth: int, d: int, half_norm: float, dtype: DTypeLike) -> Coefficients:
    """Return the margins of scores whose terms pass at most ``depth`` + 1 roundings.

    ``half_norm`` is the largest ½|w'|².
    """
    widest = float(np.sqrt(2 * half_norm)) * (1 + 1e-6)
    summed = 0 if np.dtype(dtype) == np.float32 else d // 8 + 6
    return Coefficients(
        slope=2 * gamma(depth + 4, dtype) * widest * SLACK,
        base=2 * gamma(depth + 4 + summed, dtype) * half_norm * SLACK,
        tie=2 * tie(d) * SLACK,
        widest=widest,
    )


def low_rank(
    depths: tuple[int, int],
    d: int,
    half_norm: float,
    gaps: tuple[float, float],
    basis: tuple[float, float],
    dtype: DTypeLike,
) -> tuple[Coefficients, float]:
    """Return the margins of low-rank scores, and the excess by which ρ² = (1 + excess) |x̂|² - |ŷ|².

    ``depths`` are those of sums over d and over q + 1 features, ``gaps`` the largest r and g, ``basis`` is (|Q|, Δ).
    """
    plain = coefficients(depths[1], d, half_norm, dtype)
    r, g = gaps
    epsilon = gamma(depths[0] + 1, dtype) * basis[0] * SLACK
    grown = 1.01 * (1 + basis[1] + epsilon)
    rounding = gamma(d + depths[1] + 8, np.float64)  # of |x̂|² and of |ŷ|², in double precision
    excess = SLACK * (2 * epsilon * grown + basis[1] * grown**2) + 2 * rounding + 1e-9
    beyond = SLACK * float(np.sqrt(1 + excess))
    slope = gamma(depths[1] + 4, dtype) * (grown**2 * plain.widest + beyond * r) + epsilon * grown * plain.widest
    slope += grown * g + 1.01 * roundoff(dtype) * plain.widest
    return Coefficients(2 * slope * SLACK, plain.base, plain.tie, plain.widest), excess


def residuals(d: int, q: int, lengths: tuple[float, float, float]) -> tuple[float, float]:
    """Return how far |e|² and |Qᵀe| may be from what is computed.

    ``lengths`` are the largest |w'| and |t|, and |Q|.
    """
    unit, image, basis = (length * SLACK for length in lengths)
    rounding, reach = gamma(d + 2 * q + 12, np.float64), unit + basis * image
    return rounding * reach**2 + 1e-300, rounding * basis * reach + 1e-150


def direct(d: int, dtype: DTypeLike) -> tuple[float, float]:
    """Return the (relative, absolute) margin of squares summed directly."""
    smallest, error = float(np.finfo(dtype).smallest_subnormal), gamma(d + 4, dtype)
    if error >= 0.5:
        return np.inf, np.inf  # nothing can be said: every unit is measured
    spread = 2 * error / (1 - error) * SLACK
    return spread + 4 * tie(d) * (1 + spread), 2 * (2 + spread) * d * smallest


def boxes(
    d: int, q: int, basis: tuple[float, float], reach: float, dtype: DTypeLike
) -> tuple[float, float, float, float, float]:
    """Return what a box may be further away than the limit of its units, and what is sure to be outside of its span.

    ``basis`` is (|A|, Δ), ``reach`` the largest |w - c|. A box is skipped beyond ``widening`` ℓ + ``blur`` |v̂|² +
    ``absolute``, the first three; the others are ``keep`` and ``take`` of ρ̂² = ``keep`` |v̂|² - ``take`` |ŷ|².
    """
    length, defect = basis
    smallest, squares = float(np.finfo(dtype).smallest_subnormal), gamma(d + 4, dtype)
    epsilon = gamma(d + 3, dtype) * length * SLACK
    if squares >= 0.5 or epsilon >= 0.5:
        return np.inf, np.inf, np.inf, 0.0, 1.0  # nothing can be said: no box is skipped
    summed = SLACK * (1 + gamma(q + 6, dtype)) / (1 - squares)
    widening = (1 + TAU) * (1 + defect * (1 + defect)) * summed
    moved = 3 * (1 + 1 / TAU) * summed  # the sum of three lengths squared is at most three times that of their squares
    blur = moved * epsilon**2
    rounded = 1.01 * roundoff(dtype) * length * reach
    absolute = moved * (rounded * rounded + 4 * (d + q + 4) * smallest)
    keep = 1 - (1 + defect) * (epsilon + epsilon**2) - gamma(d + 12, dtype)
    take = (1 + defect) * (1 + epsilon) * (1 + gamma(q + 12, dtype))
    return widening, blur, absolute, keep, take


def patches(d: int, defect: float, dtype: DTypeLike) -> float:
    """Return the margin of the squared distances of patches, in units of (|x| + widest)²; ``defect`` is |PᵀP - I|."""
    return 12 * gamma(2 * d + 16, dtype) * SLACK + 24 * (defect + gamma(4 * d + 32, np.float64))
