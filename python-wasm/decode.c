// Decodes JSON into Python's objects, several times as fast as the standard library and to the same objects. yyjson reads the text; what
// it does not read as Python does, `json.loads` is for.
#define PY_SSIZE_T_CLEAN
#include "decode.h"

#include <string.h>
#include <yyjson.h>

// Records name the same few fields again and again: each name is one object.
#define NAMES 128
#define NAME_BYTES_MAX 64
// What yyjson finds out about a text takes up to nine times its bytes.
#define TEXT_BYTES_MAX (4 << 20)

_Static_assert(DECODE_PADDING >= YYJSON_PADDING_SIZE, "what yyjson reads past the text");

typedef struct {
    PyObject *names[NAMES];
    int declined;
} Decoder;

static PyObject *text_of(yyjson_val *value) {
    return PyUnicode_DecodeUTF8(unsafe_yyjson_get_str(value), (Py_ssize_t)unsafe_yyjson_get_len(value), NULL);
}

static PyObject *name_of(Decoder *decoder, yyjson_val *value) {
    const char *at = unsafe_yyjson_get_str(value);
    size_t len = unsafe_yyjson_get_len(value);
    if (len == 0 || len > NAME_BYTES_MAX) return text_of(value);
    uint32_t place = (uint32_t)len;
    for (size_t i = 0; i < len; i++) place = place * 31 + (unsigned char)at[i];
    PyObject **name = &decoder->names[place % NAMES];
    if (*name != NULL && (size_t)PyUnicode_GET_LENGTH(*name) == len && memcmp(PyUnicode_DATA(*name), at, len) == 0) {
        return Py_NewRef(*name);
    }
    PyObject *text = text_of(value);
    if (text != NULL && PyUnicode_IS_ASCII(text)) Py_XSETREF(*name, Py_NewRef(text));
    return text;
}

static PyObject *convert(Decoder *decoder, yyjson_val *value);

static PyObject *convert_array(Decoder *decoder, yyjson_val *array) {
    PyObject *list = PyList_New((Py_ssize_t)yyjson_arr_size(array));
    yyjson_arr_iter items = yyjson_arr_iter_with(array);
    yyjson_val *item;
    for (Py_ssize_t i = 0; list != NULL && (item = yyjson_arr_iter_next(&items)) != NULL; i++) {
        PyObject *converted = convert(decoder, item);
        if (converted == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, converted);
        }
    }
    return list;
}

static PyObject *convert_object(Decoder *decoder, yyjson_val *object) {
    PyObject *dict = PyDict_New();
    yyjson_obj_iter keys = yyjson_obj_iter_with(object);
    yyjson_val *key;
    while (dict != NULL && (key = yyjson_obj_iter_next(&keys)) != NULL) {
        PyObject *name = name_of(decoder, key);
        PyObject *value = name == NULL ? NULL : convert(decoder, yyjson_obj_iter_get_val(key));
        if (value == NULL || PyDict_SetItem(dict, name, value) < 0) Py_CLEAR(dict);
        Py_XDECREF(name);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *convert_nested(Decoder *decoder, yyjson_val *value) {
    if (Py_EnterRecursiveCall(" while decoding JSON")) return NULL;
    PyObject *converted = yyjson_is_arr(value) ? convert_array(decoder, value) : convert_object(decoder, value);
    Py_LeaveRecursiveCall();
    return converted;
}

static PyObject *convert(Decoder *decoder, yyjson_val *value) {
    switch (yyjson_get_tag(value)) {
        case YYJSON_TYPE_NULL | YYJSON_SUBTYPE_NONE: Py_RETURN_NONE;
        case YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_FALSE: Py_RETURN_FALSE;
        case YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE: Py_RETURN_TRUE;
        case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_UINT: return PyLong_FromUnsignedLongLong(unsafe_yyjson_get_uint(value));
        case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_SINT: return PyLong_FromLongLong(unsafe_yyjson_get_sint(value));
        case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_REAL: return PyFloat_FromDouble(unsafe_yyjson_get_real(value));
        case YYJSON_TYPE_STR | YYJSON_SUBTYPE_NONE:
        case YYJSON_TYPE_STR | YYJSON_SUBTYPE_NOESC: return text_of(value);
        case YYJSON_TYPE_ARR | YYJSON_SUBTYPE_NONE:
        case YYJSON_TYPE_OBJ | YYJSON_SUBTYPE_NONE: return convert_nested(decoder, value);
        // A number that neither 64 bits nor a float can hold.
        default: decoder->declined = 1; return NULL;
    }
}

PyObject *decode_json(char *bytes, size_t len, int *declined) {
    *declined = 1;
    if (len > TEXT_BYTES_MAX) return NULL;
    yyjson_doc *document = yyjson_read_opts(bytes, len, YYJSON_READ_INSITU | YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL);
    if (document == NULL) return NULL;
    Decoder decoder = {.declined = 0};
    PyObject *value = convert(&decoder, yyjson_doc_get_root(document));
    for (size_t i = 0; i < NAMES; i++) Py_XDECREF(decoder.names[i]);
    yyjson_doc_free(document);
    // What yyjson found out about the text took room that may be enough now.
    if (value == NULL && PyErr_ExceptionMatches(PyExc_MemoryError)) {
        PyErr_Clear();
        return NULL;
    }
    *declined = decoder.declined;
    return value;
}
