#include "scanner/cli/option_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/text.h"
#include "scanner/cli/option_table.h"

enum file_use {
    FILE_USE_READ,
    FILE_USE_WRITE,   /* made if it is not there */
    FILE_USE_UPDATE,  /* read and written, or made */
    FILE_USE_REPLACE, /* by another that is written beside it */
};

static const struct option_file {
    const char *name;
    enum file_use use;
    const char *advice;
} option_files[] = {
    {"input-file", FILE_USE_READ, "give a file with one domain a line, or CSV"},
    {"log", FILE_USE_READ, "give a log of a mail server, plain or gzip"},
    {"tls-rpt", FILE_USE_READ, "give a report of TLS-RPT, JSON or gzip"},
    {"certificate", FILE_USE_READ, "give a PEM file of the certificates to be installed"},
    {"root-cas", FILE_USE_READ, "give a PEM file of root certificates"},
    {"intermediates", FILE_USE_READ, "give a PEM file of intermediate CA certificates"},
    {"sender-profiles", FILE_USE_READ, "give a file of sender profiles"},
    {"shared-operators", FILE_USE_READ, "give a list of shared operators"},
    {"blocklist-file", FILE_USE_READ, "give a list of addresses, networks and domains"},
    {"memory", FILE_USE_UPDATE,
     "give the file of an earlier scan, or a new one in a directory that is "
     "there and can be written"},
    {"output", FILE_USE_WRITE, "give a file in a directory that is there and can be written"},
    {"status-updates-file", FILE_USE_WRITE,
     "give a file in a directory that is there and can be written"},
    {"log-file", FILE_USE_WRITE, "give a file in a directory that is there and can be written"},
    {"metrics-file", FILE_USE_REPLACE,
     "give a file in a directory that is there and can be written"},
};

static const struct option_file *option_file_find(const struct option_row *row)
{
    if (row->argument == NULL || strstr(row->argument, "FILE") == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(option_files) / sizeof(option_files[0]); i++) {
        if (strcmp(option_files[i].name, row->name) == 0) {
            return &option_files[i];
        }
    }
    return NULL;
}

/* --- one file -------------------------------------------------------------------------------- */

/** 0, or errno. */
static int fault_of_directory(const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    struct stat st;
    if (len >= sizeof(directory)) {
        return ENAMETOOLONG;
    }
    memcpy(directory, path, len);
    directory[len] = '\0';
    const char *place = len > 0 ? directory : ".";
    if (stat(place, &st) != 0) {
        return errno;
    }
    if (!S_ISDIR(st.st_mode)) {
        return ENOTDIR;
    }
    return faccessat(AT_FDCWD, place, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/** 0, or errno. Nothing is opened: a FIFO would notice. */
static int fault_of_file(enum file_use use, const char *path)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    int mode = use == FILE_USE_READ ? R_OK : use == FILE_USE_UPDATE ? R_OK | W_OK : W_OK;
    if (!there && (use == FILE_USE_READ || errno != ENOENT)) {
        return errno;
    }
    if (there && S_ISDIR(st.st_mode)) {
        return EISDIR;
    }
    if (!there || use == FILE_USE_REPLACE) {
        return fault_of_directory(path);
    }
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ? 0 : errno;
}

/** The path in "NAME=FILE". NULL: none, as "system" is no file, and "-" is a standard stream. */
static const char *path_in(const struct option_row *row, const char *value)
{
    const char *equals = strchr(value, '=');
    const char *path = row->argument[0] == '[' && equals != NULL ? equals + 1 : value;
    bool none =
        strcmp(path, "-") == 0 || (row->argument[0] == '[' && strcmp(path, SYSTEM_STORE_NAME) == 0);
    return none ? NULL : path;
}

static bool option_file_is_usable(const struct option_row *row, const char *value, struct buf *why)
{
    const struct option_file *file = option_file_find(row);
    const char *path = file != NULL && value != NULL ? path_in(row, value) : NULL;
    int fault = path != NULL ? fault_of_file(file->use, path) : 0;
    if (fault != 0) {
        buf_putf(why, "--%s ", row->name);
        text_put_visible(why, span_of(path));
        buf_putf(why, ": %s; %s", strerror(fault), file->advice);
    }
    return fault == 0;
}

/* --- all of a command line ------------------------------------------------------------------- */

static bool values_are_usable(const struct options *o, const struct option_row *row,
                              struct buf *why)
{
    const struct scan_params *p = &o->params;
    const struct option_in_force *values = option_is_repeatable(row) ? p->repeated : p->options;
    size_t count = option_is_repeatable(row) ? p->repeated_count : p->option_count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(values[i].name, row->name) == 0 &&
            !option_file_is_usable(row, values[i].value, why)) {
            return false;
        }
    }
    return true;
}

bool option_files_usable(const struct options *o, struct buf *why)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (option_is_of(row, o->command) && o->given[i] && !values_are_usable(o, row, why)) {
            return false;
        }
    }
    return true;
}

void option_files_name(struct buf *why, size_t start, const char *name)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&text, span_drop(buf_span(why), start));
    why->len = start;
    buf_putf(why, "--%s ", name);
    buf_put(why, buf_span(&text));
    buf_deinit(&text);
}
