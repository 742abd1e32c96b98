/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.shares as cpu.weight. Every runtime and kubelet must come to the same number, or the
 * ratio of two containers depends on who made them. No libm: two functions are not worth a
 * library.
 */
#include "runtime/plan/resources.h"

/* Bit by bit: the square of the mantissa is at least 2 exactly when the next bit is 1. */
static double log2_of(uint64_t value)
{
	int whole = 63 - __builtin_clzll(value);
	double mantissa = (double)value / (double)(UINT64_C(1) << whole);
	double answer = whole;

	for (double bit = 0.5; bit > 1e-17; bit /= 2) {
		mantissa *= mantissa;
		if (mantissa >= 2) {
			mantissa /= 2;
			answer += bit;
		}
	}
	return answer;
}

/* 10^x of 0 <= x <= 4 by the series of e^y; y below 0.1 makes 12 terms exact. */
static double power_of_10(double x)
{
	double y = x * 2.302585092994045684 / 128, term = 1, sum = 1;

	for (int i = 1; i < 12; i++) {
		term *= y / i;
		sum += term;
	}
	for (int i = 0; i < 7; i++)
		sum *= sum;
	return sum;
}

/*
 * A curve through three points that mean "least", "default" and "most" on both sides: 2 and 1,
 * 1024 and 100, 262144 and 10000. The exponent is a parabola in log2(shares), rounded up.
 */
uint64_t plan_cpu_weight(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;

	double l = log2_of(shares);
	double weight = power_of_10((l * l + 125 * l) / 612 - 7.0 / 34);
	uint64_t whole = (uint64_t)weight;

	/* 1024 is exactly 100: what is above a whole number by the arithmetic only is not. */
	return weight - (double)whole > 1e-9 ? whole + 1 : whole;
}
