// The built-in module _tls: the host's TLS as Python sees it, one function for each import, see runtime/src/tls.rs. What goes wrong
// comes back as a negative number; stdlib/ssl/ knows what it means.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <limits.h>

#define TLS(name) __attribute__((import_module("tls"), import_name(#name)))

TLS(roots) int tls_roots(const char *pem, unsigned len, char *name);
TLS(check) int tls_check(const char *json, unsigned len);
TLS(open) int tls_open(const char *json, unsigned len);
TLS(feed) int tls_feed(int connection, const char *at, unsigned len);
TLS(take) int tls_take(int connection, char *to, unsigned len);
TLS(write) int tls_write(int connection, const char *at, unsigned len);
TLS(read) int tls_read(int connection, char *to, unsigned len);
TLS(state) int tls_state(int connection);
TLS(notify) int tls_notify(int connection);
TLS(fact) int tls_fact(int connection, int what, char *to, unsigned len);
TLS(carried) int tls_carried(int connection, int fd);
TLS(close) int tls_close(int connection);

#define NAME_BYTES 32
// A connection seldom holds more at one time.
#define BUFFER_BYTES (64 << 10)

// What is longer than this would be cut by the host anyway, or is refused by it.
static unsigned bounded(Py_ssize_t len) { return len > INT_MAX ? INT_MAX : (unsigned)len; }

static PyObject *roots(PyObject *Py_UNUSED(module), PyObject *args) {
    const char *pem;
    Py_ssize_t len;
    char name[NAME_BYTES];
    if (!PyArg_ParseTuple(args, "y#", &pem, &len)) return NULL;
    int count = tls_roots(pem, bounded(len), name);
    if (count <= 0) return PyLong_FromLong(count);
    return PyBytes_FromStringAndSize(name, sizeof name);
}

static PyObject *check(PyObject *Py_UNUSED(module), PyObject *args) {
    const char *json;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(args, "y#", &json, &len)) return NULL;
    return PyLong_FromLong(tls_check(json, bounded(len)));
}

static PyObject *open_connection(PyObject *Py_UNUSED(module), PyObject *args) {
    const char *json;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(args, "y#", &json, &len)) return NULL;
    return PyLong_FromLong(tls_open(json, bounded(len)));
}

static PyObject *give(PyObject *args, int (*to)(int, const char *, unsigned)) {
    int connection;
    Py_buffer bytes;
    if (!PyArg_ParseTuple(args, "iy*", &connection, &bytes)) return NULL;
    int given = to(connection, bytes.buf, bounded(bytes.len));
    PyBuffer_Release(&bytes);
    return PyLong_FromLong(given);
}

static PyObject *feed(PyObject *Py_UNUSED(module), PyObject *args) { return give(args, tls_feed); }

static PyObject *write_plaintext(PyObject *Py_UNUSED(module), PyObject *args) { return give(args, tls_write); }

// Bytes, or a negative number.
static PyObject *get(PyObject *args, int (*from)(int, char *, unsigned)) {
    int connection;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(args, "in", &connection, &len)) return NULL;
    if (len < 0) len = 0;
    if (len > BUFFER_BYTES) len = BUFFER_BYTES;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, len);
    if (bytes == NULL) return NULL;
    int got = from(connection, PyBytes_AS_STRING(bytes), (unsigned)len);
    if (got < 0) {
        Py_DECREF(bytes);
        return PyLong_FromLong(got);
    }
    if (got < len) _PyBytes_Resize(&bytes, got);
    return bytes;
}

static PyObject *take(PyObject *Py_UNUSED(module), PyObject *args) { return get(args, tls_take); }

static PyObject *read_plaintext(PyObject *Py_UNUSED(module), PyObject *args) { return get(args, tls_read); }

static PyObject *read_into(PyObject *Py_UNUSED(module), PyObject *args) {
    int connection;
    Py_ssize_t len;
    Py_buffer to;
    if (!PyArg_ParseTuple(args, "iw*n", &connection, &to, &len)) return NULL;
    if (len < 0 || len > to.len) len = to.len;
    int got = tls_read(connection, to.buf, bounded(len));
    PyBuffer_Release(&to);
    return PyLong_FromLong(got);
}

static PyObject *fact(PyObject *Py_UNUSED(module), PyObject *args) {
    int connection, what;
    char none;
    if (!PyArg_ParseTuple(args, "ii", &connection, &what)) return NULL;
    int len = tls_fact(connection, what, &none, 0);
    if (len < 0) return PyLong_FromLong(len);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, len);
    if (bytes == NULL) return NULL;
    if (tls_fact(connection, what, PyBytes_AS_STRING(bytes), (unsigned)len) != len) {
        Py_DECREF(bytes);
        PyErr_SetString(PyExc_SystemError, "a fact of a connection changed while it was read");
        return NULL;
    }
    return bytes;
}

static PyObject *carried(PyObject *Py_UNUSED(module), PyObject *args) {
    int connection, fd;
    if (!PyArg_ParseTuple(args, "ii", &connection, &fd)) return NULL;
    return PyLong_FromLong(tls_carried(connection, fd));
}

static PyObject *on_number(PyObject *number, int (*does)(int)) {
    long connection = PyLong_AsLong(number);
    if (connection == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(does((int)connection));
}

static PyObject *state(PyObject *Py_UNUSED(module), PyObject *number) { return on_number(number, tls_state); }

static PyObject *notify(PyObject *Py_UNUSED(module), PyObject *number) { return on_number(number, tls_notify); }

static PyObject *close_connection(PyObject *Py_UNUSED(module), PyObject *number) { return on_number(number, tls_close); }

static PyMethodDef methods[] = {
    {"roots", roots, METH_VARARGS, "Upload a PEM of root certificates; the name of the set, or 0 when it holds none."},
    {"check", check, METH_VARARGS, "Whether a connection can be made as some JSON says."},
    {"open", open_connection, METH_VARARGS, "A connection as some JSON says."},
    {"feed", feed, METH_VARARGS, "Take ciphertext that came; how many bytes."},
    {"take", take, METH_VARARGS, "Hand out ciphertext to be sent."},
    {"write", write_plaintext, METH_VARARGS, "Take plaintext; how many bytes."},
    {"read", read_plaintext, METH_VARARGS, "Hand out plaintext; empty at its end."},
    {"read_into", read_into, METH_VARARGS, "The same into a buffer; how many bytes."},
    {"state", state, METH_O, "Bits of a connection's state."},
    {"notify", notify, METH_O, "Say that nothing more will be written."},
    {"fact", fact, METH_VARARGS, "What a connection knows of itself."},
    {"carried", carried, METH_VARARGS, "Note that a socket carries a connection."},
    {"close", close_connection, METH_O, "Forget a connection."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_tls", "The host's TLS.", -1, methods, NULL, NULL, NULL, NULL,
};

PyObject *PyInit__tls(void) { return PyModule_Create(&definition); }
