/* SPDX-License-Identifier: Apache-2.0 */
/* The templates as they were when mayfly was built: made by the Makefile from templates/. */
#ifndef MAYFLY_TEMPLATES_H
#define MAYFLY_TEMPLATES_H

struct template_text {
	const char *name, *text;
};
extern const struct template_text template_texts[]; /* ends with a NULL name */

#endif
