/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk a table of fields and fill a struct. A row names the JSON key and the member, nothing
 * else: the member's C type picks the decoder and sizeof gives the size of an element, so a row
 * cannot disagree with the struct.
 *
 *	static const struct field rlimit_fields[] = {
 *		NAME(struct oci_rlimit, "type", type, oci_rlimit_names, .required = true),
 *		FIELD(struct oci_rlimit, "soft", soft, .required = true),
 *		FIELD(struct oci_rlimit, "hard", hard, .required = true),
 *		{ 0 }
 *	};
 */
#ifndef MAYFLY_OCI_DECODE_H
#define MAYFLY_OCI_DECODE_H

#include "oci/base/arena.h"
#include "oci/base/error.h"
#include "oci/json.h"
#include "oci/names.h"
#include "oci/optional.h"

enum field_type {
	FIELD_END,
	FIELD_TEXT,	/* const char * */
	FIELD_BOOL,	/* bool */
	FIELD_U64,	/* uint64_t */
	FIELD_I64,	/* int64_t */
	FIELD_U32,	/* uint32_t */
	FIELD_I32,	/* int32_t */
	FIELD_OPT_BOOL, /* struct opt_bool */
	FIELD_OPT_U64,
	FIELD_OPT_I64,
	FIELD_OPT_U32,
	FIELD_OPT_I32,
	FIELD_NAME, /* a word of a table: uint32_t, or struct opt_u32 */
	FIELD_OPT_NAME,
	FIELD_NAMES,   /* a list of words: uint32_t * */
	FIELD_FLAGS,   /* a list of words: their values ORed into uint64_t or uint32_t */
	FIELD_TEXTS,   /* const char ** */
	FIELD_IDS,     /* uint32_t * */
	FIELD_OBJECT,  /* a struct in place, or a pointer to one */
	FIELD_LIST,    /* an array of structs */
	FIELD_PAIRS,   /* an object of any keys with text values: struct oci_pair * */
	FIELD_MAP,     /* an object of any keys with objects as values: an array of structs */
	FIELD_CUSTOM,  /* a function */
	FIELD_REFUSED, /* known, and never accepted */
	FIELD_IGNORED, /* known, and without meaning on Linux */
};

struct decode;

typedef int field_function(
	struct decode *decode, const struct json *value, void *member, struct error *err);

struct field {
	const char *key;
	enum field_type type;
	size_t offset;		    /* of the member */
	size_t count_offset;	    /* of its "n_" member, for lists */
	size_t size;		    /* of the member, or of one element */
	size_t key_offset;	    /* FIELD_MAP: of the member that gets the key */
	const struct field *fields; /* of the object, or of one element */
	const struct name *names;
	/*
	 * FIELD_CUSTOM: decodes the member. FIELD_TEXTS: decodes each element. FIELD_OBJECT,
	 * FIELD_LIST, FIELD_MAP: runs after each object was filled, for rules between its
	 * members; the error then names the object.
	 */
	field_function *function;
	/* FIELD_REFUSED: the sentence; FIELD_IGNORED, FIELD_CUSTOM: for the documentation */
	const char *why;
	int64_t min;	  /* of a signed number, with max */
	uint64_t max;	  /* of a number; 0: what the type holds */
	size_t max_count; /* of a list; 0: no limit */
	bool required;
	bool pointer;	    /* FIELD_OBJECT: the member is a pointer */
	bool empty_is_null; /* FIELD_TEXT, FIELD_OPT_NAME: "" is as good as absent */
	bool id;	    /* FIELD_U32, FIELD_OPT_U32: a uid or gid, see ID_MAX */
	bool closed;	    /* FIELD_OBJECT: unknown keys inside are errors */
};

/* The largest uid or gid: (uid_t)-1 means "leave as it is" to the kernel. */
#define ID_MAX UINT64_C(4294967294)

/* clang-format off */
#define MEMBER(STRUCT, MEMBER) (((STRUCT *)0)->MEMBER)

#define FIELD_TYPE_OF(VALUE) _Generic((VALUE), \
	const char *: FIELD_TEXT, \
	bool: FIELD_BOOL, \
	uint64_t: FIELD_U64, int64_t: FIELD_I64, uint32_t: FIELD_U32, int32_t: FIELD_I32, \
	struct opt_bool: FIELD_OPT_BOOL, \
	struct opt_u64: FIELD_OPT_U64, struct opt_i64: FIELD_OPT_I64, \
	struct opt_u32: FIELD_OPT_U32, struct opt_i32: FIELD_OPT_I32)

/* Whatever the member is: text, bool or a number. */
#define FIELD(STRUCT, KEY, MEMBER_, ...) \
	{ .key = (KEY), .type = FIELD_TYPE_OF(MEMBER(STRUCT, MEMBER_)), \
	  .offset = offsetof(STRUCT, MEMBER_), .size = sizeof(MEMBER(STRUCT, MEMBER_)), __VA_ARGS__ }

/* One word of TABLE. */
#define NAME(STRUCT, KEY, MEMBER_, TABLE, ...) \
	{ .key = (KEY), .type = _Generic(MEMBER(STRUCT, MEMBER_), \
		uint32_t: FIELD_NAME, struct opt_u32: FIELD_OPT_NAME), \
	  .offset = offsetof(STRUCT, MEMBER_), .size = sizeof(MEMBER(STRUCT, MEMBER_)), \
	  .names = (TABLE), __VA_ARGS__ }

#define LIST_(STRUCT, KEY, MEMBER_, TYPE, ...) \
	{ .key = (KEY), .type = (TYPE), .offset = offsetof(STRUCT, MEMBER_), \
	  .count_offset = offsetof(STRUCT, n_##MEMBER_), \
	  .size = sizeof(*MEMBER(STRUCT, MEMBER_)), __VA_ARGS__ }

/* A list of words, of texts, or of user or group ids. */
#define NAMES(STRUCT, KEY, MEMBER_, TABLE, ...) \
	LIST_(STRUCT, KEY, MEMBER_, _Generic(MEMBER(STRUCT, MEMBER_), uint32_t *: FIELD_NAMES), \
		.names = (TABLE), __VA_ARGS__)
#define TEXTS(STRUCT, KEY, MEMBER_, ...) \
	LIST_(STRUCT, KEY, MEMBER_, _Generic(MEMBER(STRUCT, MEMBER_), const char **: FIELD_TEXTS), \
		__VA_ARGS__)
#define IDS(STRUCT, KEY, MEMBER_, ...) \
	LIST_(STRUCT, KEY, MEMBER_, _Generic(MEMBER(STRUCT, MEMBER_), uint32_t *: FIELD_IDS), \
		__VA_ARGS__)

/* A list of words whose values are ORed together. */
#define FLAGS(STRUCT, KEY, MEMBER_, TABLE, ...) \
	{ .key = (KEY), .type = _Generic(MEMBER(STRUCT, MEMBER_), \
		uint64_t: FIELD_FLAGS, uint32_t: FIELD_FLAGS), \
	  .offset = offsetof(STRUCT, MEMBER_), .size = sizeof(MEMBER(STRUCT, MEMBER_)), \
	  .names = (TABLE), __VA_ARGS__ }

/* An object behind a pointer, which stays NULL when the key is absent; and one in place. */
#define OBJECT(STRUCT, KEY, MEMBER_, FIELDS, ...) \
	{ .key = (KEY), .type = FIELD_OBJECT, .offset = offsetof(STRUCT, MEMBER_), \
	  .size = sizeof(*MEMBER(STRUCT, MEMBER_)), .fields = (FIELDS), .pointer = true, __VA_ARGS__ }
#define INSIDE(STRUCT, KEY, MEMBER_, FIELDS, ...) \
	{ .key = (KEY), .type = FIELD_OBJECT, .offset = offsetof(STRUCT, MEMBER_), \
	  .size = sizeof(MEMBER(STRUCT, MEMBER_)), .fields = (FIELDS), __VA_ARGS__ }

/* A list of objects. */
#define LIST(STRUCT, KEY, MEMBER_, FIELDS, ...) \
	LIST_(STRUCT, KEY, MEMBER_, FIELD_LIST, .fields = (FIELDS), __VA_ARGS__)

/* An object with any keys: of texts; and of objects, whose key goes to their member NAME_. */
#define PAIRS(STRUCT, KEY, MEMBER_, ...) \
	LIST_(STRUCT, KEY, MEMBER_, \
		_Generic(MEMBER(STRUCT, MEMBER_), struct oci_pair *: FIELD_PAIRS), __VA_ARGS__)
#define MAP(STRUCT, KEY, MEMBER_, ELEMENT, NAME_, FIELDS, ...) \
	LIST_(STRUCT, KEY, MEMBER_, _Generic(MEMBER(STRUCT, MEMBER_), ELEMENT *: FIELD_MAP), \
		.key_offset = offsetof(ELEMENT, NAME_), .fields = (FIELDS), __VA_ARGS__)

#define CUSTOM(STRUCT, KEY, MEMBER_, FUNCTION, ...) \
	{ .key = (KEY), .type = FIELD_CUSTOM, .offset = offsetof(STRUCT, MEMBER_), \
	  .size = sizeof(MEMBER(STRUCT, MEMBER_)), .function = (FUNCTION), __VA_ARGS__ }
#define REFUSED(KEY, WHY) { .key = (KEY), .type = FIELD_REFUSED, .why = (WHY) }
#define IGNORED(KEY, WHY) { .key = (KEY), .type = FIELD_IGNORED, .why = (WHY) }
/* clang-format on */

/* What the whole decoding shares. */
struct decode {
	struct arena *arena;
	struct oci_warnings *warnings;
	size_t max_warnings; /* room in warnings->texts */
};

/*
 * Fill RET, which must be zeroed, from VALUE. Unknown keys are ignored, as the spec demands; a
 * missing required key, a wrong type, a number out of range and an unknown word are errors that
 * name the field.
 */
int decode_object(struct decode *decode, const struct json *value, const struct field *fields,
	void *ret, struct error *err);

/* For documents that are not the spec's: a key of OBJECT that FIELDS does not have is an error.
 */
int decode_refuse_unknown(
	const struct json *object, const struct field *fields, struct error *err);

/* Parse BYTES and decode the object they hold: the three steps every entry point shares. */
int decode_bytes(struct decode *decode, const char *bytes, size_t length,
	const struct field *fields, void *ret, struct error *err);

/* Add a sentence to the warnings: 0, or out of memory. */
int decode_warn(struct decode *decode, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* For custom rows: the value must be of KIND, or the error says what it is. */
int decode_expect(const struct json *value, enum json_kind kind, struct error *err);

/* An exact integer: no fraction, no exponent. The error gives the range and the text. */
int decode_unsigned(const struct json *value, uint64_t max, uint64_t *ret, struct error *err);
int decode_signed(
	const struct json *value, int64_t min, int64_t max, int64_t *ret, struct error *err);

#endif
