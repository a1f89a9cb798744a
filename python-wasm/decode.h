// JSON into Python's objects.
#pragma once
#include <Python.h>

// Bytes that must follow the text.
#define DECODE_PADDING 4

// Decodes `len` bytes of JSON to what `json.loads` makes of them, and writes over them meanwhile. DECODE_PADDING zeros must follow them.
// NULL with an exception: memory or the stack is short. NULL with *declined: the text is not JSON, or holds something that is for
// `json.loads` to read: a number too large for 64 bits or a float, half of a surrogate pair, NaN.
PyObject *decode_json(char *bytes, size_t len, int *declined);
