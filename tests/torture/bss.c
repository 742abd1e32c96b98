/* SPDX-License-Identifier: Apache-2.0 */
/* A program of its own, for its size is the case: 200 MB that the loader promises and the
 * program then writes. */
static volatile char big[200 << 20];

int main(void)
{
	for (unsigned long i = 0; i < sizeof(big); i += 4096)
		big[i] = 1;
	return 0;
}
