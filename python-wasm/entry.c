// The guest's entry: what the host calls (boot, load, run) and what the shim calls (module _actiond).
//
// boot  starts the interpreter and imports the shim; the memory after it is the base image.
// load  imports an action; the memory after it is the action's image.
// run   calls the action's main once.
//
// load and run find their payload at the door (input, payload) and leave their answer there (result, raised). Each returns 0, or
// 1 when it left an exception. The interpreter is never finalized: the memory is dropped whole.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <sqlite3.h>
#include <string.h>
#include <wasi/api.h>

#include "decode.h"
#include "net/host.h"

#define DOOR(name) __attribute__((import_module("actiond"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

DOOR(input_len) int door_input_len(void);
DOOR(input_read) void door_input_read(char *to);
DOOR(result) long long door_result(const char *at, int len);
DOOR(raised) void door_raised(const char *at, int len);
DOOR(log) void door_log(int level, const char *source, int source_len, const char *message, int message_len);

// Free memory that every image carries: most runs find their room here instead of growing, which costs system calls.
#define HEADROOM_BYTES (2 << 20)

// The bytes at the door, `len` of them and zeros for who decodes them. PyMem_RawFree is for them.
static char *read_input(int *len) {
    *len = door_input_len();
    char *bytes = PyMem_RawMalloc((size_t)*len + DECODE_PADDING);
    if (bytes == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    door_input_read(bytes);
    memset(bytes + *len, 0, DECODE_PADDING);
    return bytes;
}

static PyObject *input(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    int len;
    char *bytes = read_input(&len);
    if (bytes == NULL) return NULL;
    PyObject *text = PyUnicode_DecodeUTF8(bytes, len, NULL);
    PyMem_RawFree(bytes);
    return text;
}

// What the JSON from `start` on says, as `loads` has it; that is asked where decode.c declines. Frees `bytes`, which are `len`.
static PyObject *decode_rest(PyObject *loads, char *bytes, int len, char *start) {
    int declined;
    size_t rest = len - (start - bytes);
    PyObject *value = decode_json(start, rest, &declined), *text = NULL;
    if (declined) {
        // It was written over.
        door_input_read(bytes);
        text = PyUnicode_DecodeUTF8(start, (Py_ssize_t)rest, NULL);
    }
    PyMem_RawFree(bytes);
    if (text != NULL) {
        value = PyObject_CallOneArg(loads, text);
        Py_DECREF(text);
    }
    return value;
}

static PyObject *payload(PyObject *Py_UNUSED(module), PyObject *loads) {
    int len;
    char *bytes = read_input(&len);
    if (bytes == NULL) return NULL;
    char *end = memchr(bytes, '\n', len);
    if (end == NULL) {
        PyMem_RawFree(bytes);
        PyErr_SetString(PyExc_ValueError, "the payload lacks its first line");
        return NULL;
    }
    PyObject *line = PyUnicode_DecodeUTF8(bytes, end - bytes, NULL);
    if (line == NULL) {
        PyMem_RawFree(bytes);
        return NULL;
    }
    // Takes both references, and gives nothing where one is missing.
    return Py_BuildValue("(NN)", line, decode_rest(loads, bytes, len, end + 1));
}

static PyObject *result(PyObject *Py_UNUSED(module), PyObject *bytes) {
    char *at;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(bytes, &at, &len) < 0) return NULL;
    return PyLong_FromLongLong(door_result(at, (int)len));
}

static PyObject *raised(PyObject *Py_UNUSED(module), PyObject *bytes) {
    char *at;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(bytes, &at, &len) < 0) return NULL;
    door_raised(at, (int)len);
    Py_RETURN_NONE;
}

static PyObject *log_record(PyObject *Py_UNUSED(module), PyObject *args) {
    int level;
    const char *source, *message;
    Py_ssize_t source_len, message_len;
    if (!PyArg_ParseTuple(args, "iy#y#", &level, &source, &source_len, &message, &message_len)) return NULL;
    door_log(level, source, (int)source_len, message, (int)message_len);
    Py_RETURN_NONE;
}

// Starts to look a name up. The descriptor it returns becomes readable with the answer, see net/host.h: an event loop waits for it
// as it does for sockets.
static PyObject *resolve(PyObject *Py_UNUSED(module), PyObject *args) {
    const char *name;
    int family;
    if (!PyArg_ParseTuple(args, "yi", &name, &family)) return NULL;
    int fd = net_lookup(name, family);
    return fd < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(fd);
}

// The state of random.Random as Modules/_randommodule.c lays it out: the position, and 624 words of Mersenne Twister.
typedef struct {
    PyObject_HEAD
    int index;
    uint32_t state[624];
} Generator;

// The same as NumPy lays it out for its global generator: numpy/random/bitgen.h and mt19937.h in its source.
typedef struct {
    struct {
        uint32_t state[624];
        int index;
    } *generator;
} BitGenerator;

// Fills a generator's state with entropy and has it twisted at first use. Every run does this; seed() takes ten times as
// long, for it stretches a short key to the same words.
static int fill(uint32_t *state, int *index) {
    if (__wasi_random_get((uint8_t *)state, 624 * sizeof *state) != 0) {
        PyErr_SetString(PyExc_OSError, "no entropy");
        return -1;
    }
    // The one state that must not be is all zeros.
    state[0] |= 0x80000000U;
    *index = 624;
    return 0;
}

// Gives a generator a state of its own: a random.Random, or the capsule of NumPy's MT19937.
static int reseed_one(PyObject *object) {
    if (PyCapsule_CheckExact(object)) {
        BitGenerator *generator = PyCapsule_GetPointer(object, "BitGenerator");
        return generator == NULL ? -1 : fill(generator->generator->state, &generator->generator->index);
    }
    PyTypeObject *type = Py_TYPE(object);
    while (type->tp_base != NULL && type->tp_base != &PyBaseObject_Type) type = type->tp_base;
    if (type->tp_basicsize != sizeof(Generator)) {
        PyErr_SetString(PyExc_TypeError, "not a generator of this version");
        return -1;
    }
    Generator *generator = (Generator *)object;
    return fill(generator->state, &generator->index);
}

static PyObject *reseed(PyObject *Py_UNUSED(module), PyObject *generators) {
    if (!PyTuple_Check(generators)) {
        PyErr_SetString(PyExc_TypeError, "not a tuple");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(generators); i++) {
        if (reseed_one(PyTuple_GET_ITEM(generators, i)) < 0) return NULL;
    }
    Py_RETURN_NONE;
}

static int keep_referent(PyObject *object, void *Py_UNUSED(arg));

static void keep_optional(PyObject *object) {
    if (object != NULL) keep_referent(object, NULL);
}

// Code objects hold references, but the collector does not know them.
static void keep_code(PyCodeObject *code) {
    PyObject *held[] = {
        code->co_consts,   code->co_names, code->co_localsplusnames, code->co_localspluskinds, code->co_exceptiontable,
        code->co_filename, code->co_name,  code->co_qualname,        code->co_linetable,
    };
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) keep_optional(held[i]);
}

// A dictionary shows the collector its values, and its keys only if some of them are no texts.
static void keep_keys(PyObject *dictionary) {
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(dictionary, &at, &key, &value)) keep_referent(key, NULL);
}

// Makes an object immortal, and with it what it holds that the collector does not track: texts, numbers, code, tuples of them.
static int keep_referent(PyObject *object, void *Py_UNUSED(arg)) {
    if (_Py_IsImmortal(object) || PyObject_GC_IsTracked(object)) return 0;
    object->ob_refcnt = _Py_IMMORTAL_REFCNT;
    if (PyDict_Check(object)) keep_keys(object);
    if (PyCode_Check(object)) {
        keep_code((PyCodeObject *)object);
    } else if (PyType_IS_GC(Py_TYPE(object)) && Py_TYPE(object)->tp_traverse != NULL) {
        Py_TYPE(object)->tp_traverse(object, keep_referent, NULL);
    }
    return 0;
}

// Makes a list's objects immortal. Runs then leave their reference counts alone, and the pages that hold them stay shared
// and need no resetting. Nothing is lost: an image's objects live as long as its memory.
static PyObject *keep(PyObject *Py_UNUSED(module), PyObject *objects) {
    if (!PyList_Check(objects)) {
        PyErr_SetString(PyExc_TypeError, "not a list");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects); i++) {
        PyObject *object = PyList_GET_ITEM(objects, i);
        if (_Py_IsImmortal(object)) continue;
        object->ob_refcnt = _Py_IMMORTAL_REFCNT;
        if (PyDict_Check(object)) keep_keys(object);
        Py_TYPE(object)->tp_traverse(object, keep_referent, NULL);
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"input", input, METH_NOARGS, "The payload of this call."},
    {"payload", payload, METH_O, "The payload's first line, and what the JSON behind it says; the argument reads what is rare."},
    {"result", result, METH_O, "Hand back the result; 0, or the limit in bytes when it is too large."},
    {"raised", raised, METH_O, "Hand back an exception as JSON."},
    {"log", log_record, METH_VARARGS, "Log(level, source, message), the last two as UTF-8."},
    {"keep", keep, METH_O, "Make tracked objects immortal, for an image."},
    {"resolve", resolve, METH_VARARGS, "Look up (name, family); a descriptor to read the answer from."},
    {"reseed", reseed, METH_O, "Give each generator of a tuple a state of its own."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_actiond", "The host's functions.", -1, methods, NULL, NULL, NULL, NULL,
};

static PyObject *init_actiond(void) { return PyModule_Create(&definition); }

// Built-in modules of our own beside it.
#define BUILTIN(name) PyObject *PyInit_##name(void);
#include "builtins.def"
#undef BUILTIN

// Modules of packages that are linked in, likewise; the file is made with them.
#ifdef MODULES
#define MODULE(name, init) PyObject *init(void);
#include MODULES
#undef MODULE
#endif

static int add_builtins(void) {
#define BUILTIN(name)                                                                                                  \
    if (PyImport_AppendInittab(#name, PyInit_##name) < 0) return -1;
#include "builtins.def"
#undef BUILTIN
#ifdef MODULES
#define MODULE(name, init)                                                                                             \
    if (PyImport_AppendInittab(name, init) < 0) return -1;
#include MODULES
#undef MODULE
#endif
    return PyImport_AppendInittab("_actiond", init_actiond);
}

static PyObject *load_function, *run_function;

static int failed(const char *doing, PyStatus status) {
    fprintf(stderr, "%s: %s\n", doing, status.err_msg == NULL ? "no reason given" : status.err_msg);
    return 1;
}

static PyStatus configure(PyConfig *config) {
    PyConfig_InitIsolatedConfig(config);
    config->site_import = 0;
    config->write_bytecode = 0;
    config->parse_argv = 0;
    config->install_signal_handlers = 0;
    // Unbuffered: what was written before the guest dies is kept.
    config->buffered_stdio = 0;
    config->use_hash_seed = 0;
    config->module_search_paths_set = 1;
    const struct {
        wchar_t **field;
        const wchar_t *value;
    } strings[] = {
        {&config->home, L"/"},           {&config->prefix, L"/"},
        {&config->exec_prefix, L"/"},    {&config->base_prefix, L"/"},
        {&config->executable, L""},      {&config->base_executable, L""},
        {&config->program_name, L""},    {&config->stdlib_dir, L"/lib/python3.13"},
        {&config->stdio_encoding, L"utf-8"}, {&config->stdio_errors, L"backslashreplace"},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        PyStatus status = PyConfig_SetString(config, strings[i].field, strings[i].value);
        if (PyStatus_Exception(status)) return status;
    }
    PyStatus status = PyWideStringList_Append(&config->module_search_paths, L"/lib/python3.13");
    if (PyStatus_Exception(status)) return status;
    return PyWideStringList_Append(&config->module_search_paths, L"/shim");
}

// SQLite locks a database by making a directory beside it. Outside of /tmp that is refused, and nobody writes there: no lock
// is needed.
static int open_by_place(sqlite3_vfs *Py_UNUSED(vfs), const char *path, sqlite3_file *file, int flags, int *flags_had) {
    int below_tmp = path == NULL || strncmp(path, "/tmp/", 5) == 0;
    sqlite3_vfs *of_place = sqlite3_vfs_find(below_tmp ? "unix-dotfile" : "unix-none");
    return of_place->xOpen(of_place, path, file, flags, flags_had);
}

// Makes the choice above the default for every connection.
static void set_up_sqlite(void) {
    static sqlite3_vfs by_place;
    by_place = *sqlite3_vfs_find("unix-dotfile");
    by_place.zName = "by-place";
    by_place.xOpen = open_by_place;
    sqlite3_vfs_register(&by_place, 1);
}

EXPORT(boot) int boot(void) {
    PyPreConfig preconfig;
    PyPreConfig_InitIsolatedConfig(&preconfig);
    // WASI's locale is ASCII; actions get UTF-8 for file names and streams whatever it says.
    preconfig.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&preconfig);
    if (PyStatus_Exception(status)) return failed("preinitialize", status);
    if (add_builtins() < 0) return 1;
    PyConfig config;
    status = configure(&config);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) return failed("initialize", status);
    PyObject *shim = PyImport_ImportModule("actiond_shim");
    set_up_sqlite();
    PyObject *booted = shim == NULL ? NULL : PyObject_CallMethod(shim, "boot", NULL);
    if (booted == NULL) {
        PyErr_Print();
        return 1;
    }
    Py_DECREF(booted);
    load_function = PyObject_GetAttrString(shim, "load");
    run_function = PyObject_GetAttrString(shim, "run");
    if (load_function == NULL || run_function == NULL) return 1;
    char *headroom = malloc(HEADROOM_BYTES);
    if (headroom == NULL) return 1;
    // Kept from the optimizer, which may drop a malloc whose memory nobody uses.
    __asm__ volatile("" : : "r"(headroom) : "memory");
    free(headroom);
    return 0;
}

// The shim turns exceptions into answers. One that leaves it was raised while it did so: memory is short, or the stack.
static int call(PyObject *function) {
    PyObject *answer = PyObject_CallNoArgs(function);
    if (answer != NULL) {
        int code = answer == Py_True ? 0 : 1;
        Py_DECREF(answer);
        return code;
    }
    char wire[256];
    const char *type = PyErr_ExceptionMatches(PyExc_MemoryError)      ? "MemoryError"
                       : PyErr_ExceptionMatches(PyExc_RecursionError) ? "RecursionError"
                                                                      : "SystemError";
    PyErr_Clear();
    int len = snprintf(wire, sizeof wire,
                       "{\"type\":\"%s\",\"message\":\"\",\"traceback\":\"%s (no room left to say where)\\n\"}", type, type);
    door_raised(wire, len);
    return 1;
}

EXPORT(load) int load(void) { return call(load_function); }

EXPORT(run) int run(void) { return call(run_function); }
