#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "output/csv.h"
#include "scanner/base/file.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/console.h"
#include "scanner/cli/reports.h"
#include "scanner/cli/word_list.h"
#include "scanner/observation/staged_list.h"
#include "scanner/trust/pem_certs.h"

/*
 * The scan of a few names for a person: the same engine reads the names from a file in memory and
 * writes its rows to another, and the report is made from the rows.
 */

#define INPUT_COLUMN "domain"

#define PEM_FILE_MAX (1U << 20) /* octets of a chain to be installed; our own bound */

/** CSV with a header, so that any word of the command line is one record: a comment, a blank, a
 * list of names with commas are names that are no domains. */
static bool write_input(int fd, const struct word_list *words)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&text, INPUT_COLUMN CSV_LINE_END);
    for (size_t i = 0; i < words->count; i++) {
        buf_put_char(&text, '"');
        for (const char *c = words->words[i]; *c != '\0'; c++) {
            buf_put_text(&text, *c == '"' ? "\"" : "");
            buf_put_char(&text, *c);
        }
        buf_put_text(&text, "\"" CSV_LINE_END);
    }
    bool ok = file_write_at(fd, 0, buf_span(&text)) && lseek(fd, 0, SEEK_SET) == 0;
    buf_deinit(&text);
    return ok;
}

/* "mx.example.org (192.0.2.1, 2001:db8::1), port 2525 in place of 25", with NUL. */
static void put_staged_host(struct buf *out, const struct options *o, const struct staged_host *h)
{
    buf_put_text(out, h->name);
    for (size_t i = 0; i < h->address_count; i++) {
        char address[NET_ADDR_TEXT_MAX];
        (void)net_addr_format(&h->address[i], address);
        buf_putf(out, "%s%s", i == 0 ? " (" : ", ", address);
    }
    buf_put_text(out, h->address_count > 0 ? ")" : "");
    if (o->staged_port != 0) {
        buf_putf(out,
                 o->params.ports[0] == o->staged_port ? ", port %u" : ", port %u in place of 25",
                 o->staged_port);
    }
    buf_put_char(out, '\0');
}

/* The hosts that the user said, in words; NULL ends them. */
struct as_if {
    const char *host[STAGED_HOSTS_MAX + 1];
    struct buf words[STAGED_HOSTS_MAX];
};

static void as_if_fill(struct as_if *a, const struct options *o)
{
    *a = (struct as_if){.host = {NULL}};
    for (size_t i = 0; i < o->staged.count; i++) {
        a->words[i] = BUF_INIT(BUF_NO_LIMIT);
        put_staged_host(&a->words[i], o, &o->staged.host[i]);
        a->host[i] = (const char *)a->words[i].at;
    }
}

static void as_if_deinit(struct as_if *a)
{
    for (size_t i = 0; i < STAGED_HOSTS_MAX; i++) {
        buf_deinit(&a->words[i]);
    }
}

static enum exit_code print_reports(const struct options *o, size_t asked, int output,
                                    const struct view_setting *setting, struct buf *why)
{
    struct buf lines = BUF_INIT(BUF_NO_LIMIT);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    enum exit_code code = EXIT_CODE_ROWS_LOST;
    if (lseek(output, 0, SEEK_SET) != 0 || file_read_rest(output, &lines) != FILE_COMPLETE ||
        !result_rows_read(&rows, buf_span(&lines))) {
        buf_put_text(why, "the result rows cannot be read");
    } else {
        reports_put_all(&text, &rows, o, setting);
        size_t missing = asked - rows.table[TABLE_DOMAINS].count;
        bool sound = !result_rows_have_fault(&rows, why);
        enum exit_code printed = print_text(&text, why);
        code = sound ? printed : EXIT_CODE_ROWS_LOST;
        if (missing > 0 && why->len == 0) {
            buf_putf(why, "%zu of %zu domains are not finished", missing, asked);
        }
        result_rows_deinit(&rows);
    }
    buf_deinit(&text);
    buf_deinit(&lines);
    return code;
}

static enum exit_code check(struct options *o, size_t asked, int input, int output, struct buf *why)
{
    struct console c;
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
    o->input_paths[0] = path;
    o->params.input_count = 1;
    o->params.column = INPUT_COLUMN;
    o->params.any_lines = true;
    o->params.output_fd = output;
    o->params.quiet = o->only_troubled || isatty(STDERR_FILENO) == 0;
    options_set_threads(o, 1);
    console_init(&c);
    enum exit_code code = console_run_scan(&c, o, why);
    console_deinit(&c);
    if (code == EXIT_CODE_USAGE || code == EXIT_CODE_FATAL || code == EXIT_CODE_SAYS_NOTHING) {
        return code;
    }
    struct as_if as_if;
    as_if_fill(&as_if, o);
    const struct view_setting setting = {
        .host_only = o->staged.count > 0 && o->word_count == 0,
        .tlsa = o->tlsa,
        .pem = o->pem,
        .partner = o->partner,
        .certificate = o->certificate_path,
        .as_if = o->staged.count > 0 ? as_if.host : NULL,
    };
    enum exit_code printed = print_reports(o, asked, output, &setting, why);
    as_if_deinit(&as_if);
    return printed == EXIT_CODE_COMPLETE ? code : printed;
}

/* What was given in place of PEM, and how it is converted. DER: a SEQUENCE, whose first element tells what it is
 * (RFC 5280 section 4.1, RFC 7292 section 4, RFC 5652 section 3). @return false: nothing of that */
static bool put_conversion(struct buf *why, const char *path, struct span file)
{
    static const struct {
        uint8_t tag; /* of the first element */
        const char *what;
        const char *command;
    } kinds[] = {{0x30, "a DER certificate", "x509 -inform DER -in %s -out chain.pem"},
                 {0x02, "a PKCS#12 file", "pkcs12 -in %s -nokeys -out chain.pem"},
                 {0x06, "a PKCS#7 file", "pkcs7 -inform DER -print_certs -in %s -out chain.pem"}};
    size_t head = file.len > 1 && (file.at[1] & 0x80U) != 0 ? 2U + (file.at[1] & 0x7fU) : 2;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (file.len > head && file.at[0] == 0x30 && file.at[head] == kinds[i].tag) {
            buf_putf(why, "--certificate %s: %s, where PEM is needed; convert it: openssl ", path,
                     kinds[i].what);
            const char *name = strstr(kinds[i].command, "%s");
            buf_putf(why, "%.*s%s%s", (int)(name - kinds[i].command), kinds[i].command, path,
                     name + 2);
            return true;
        }
    }
    return false;
}

/* The chain that is about to be installed, as a server would present it. */
static bool read_certificates(const char *path, struct buf *octets, struct staged_list *list,
                              struct buf *why)
{
    struct buf pem = BUF_INIT(PEM_FILE_MAX);
    struct pem_certs certs = {.list = *octets};
    uint8_t digests[TLS_CERTS_MAX][32];
    bool ok = pem_file_read(&pem, path, "the certificates to be installed", why);
    if (ok && !pem_certs_read(&certs, buf_span(&pem), why)) {
        struct buf reason = *why;
        *why = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(why, "--certificate %s: %.*s", path, (int)reason.len, (const char *)reason.at);
        buf_deinit(&reason);
        ok = false;
    }
    if (ok && certs.count == 0 && put_conversion(why, path, buf_span(&pem))) {
        ok = false;
    }
    buf_deinit(&pem);
    *octets = certs.list;
    if (ok && (certs.count == 0 || certs.count > TLS_CERTS_MAX)) {
        buf_putf(why, "--certificate %s: %s", path,
                 certs.count == 0 ? "no certificate in it" : "too many certificates for one chain");
        ok = false;
    }
    if (!ok) {
        return false;
    }
    *list = (struct staged_list){.list = buf_span(octets), .cert_count = (uint32_t)certs.count};
    struct span rest = list->list;
    struct span der;
    for (size_t i = 0; cert_list_next(&rest, &der); i++) {
        digest_sha256(der, digests[i]);
    }
    memcpy(list->leaf_sha256, digests[0], sizeof(list->leaf_sha256));
    digest_sha256((struct span){digests[0], certs.count * sizeof(digests[0])}, list->chain_id);
    return true;
}

enum exit_code check_command(struct options *o, struct buf *why)
{
    enum exit_code code = EXIT_CODE_FATAL;
    /* A closed one would be taken for the next file that is opened. */
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        buf_putf(why, "standard output: %s", strerror(errno));
        return EXIT_CODE_ROWS_LOST;
    }
    struct word_list words;
    if (!word_list_read(&words, o->words, o->word_count, why)) {
        word_list_deinit(&words);
        return EXIT_CODE_USAGE;
    }
    if (o->word_count == 0) {
        word_list_add(&words, o->staged.host[0].name);
    }
    if (words.count == 0) {
        buf_put_text(why, "which domain? There is none on the list");
        word_list_deinit(&words);
        return EXIT_CODE_USAGE;
    }
    struct buf certificates = BUF_INIT(TLS_LIST_MAX);
    struct staged_list list;
    if (o->certificate_path != NULL &&
        !read_certificates(o->certificate_path, &certificates, &list, why)) {
        buf_deinit(&certificates);
        word_list_deinit(&words);
        return EXIT_CODE_USAGE;
    }
    o->params.staged_list = o->certificate_path != NULL ? &list : NULL;
    int input = memfd_create("domains", MFD_CLOEXEC);
    int output = memfd_create("rows", MFD_CLOEXEC);
    if (input >= 0 && output >= 0 && write_input(input, &words)) {
        code = check(o, words.count, input, output, why);
    } else {
        buf_putf(why, "no memory for the rows: %s", strerror(errno));
    }
    if (input >= 0) {
        (void)close(input);
    }
    if (output >= 0) {
        (void)close(output);
    }
    buf_deinit(&certificates);
    word_list_deinit(&words);
    return code;
}
