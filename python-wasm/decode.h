// JSON into Python's objects.
#pragma once
#include <Python.h>

// Bytes that must follow the text.
#define DECODE_PADDING 4

// Decodes `len` bytes of JSON to what `json.loads` makes of them, and writes over them meanwhile. DECODE_PADDING zeros must follow them.
// NULL with an exception: the stack is short. NULL with *declined and without one: `json.loads` is to read the text. It is not JSON, or
// holds a number too large for 64 bits or a float, half of a surrogate pair, NaN; or it is so long, or memory so short, that what this
// takes of it would hurt.
PyObject *decode_json(char *bytes, size_t len, int *declined);
