#include "output/dictionary.h"

#include "output/row_shape.h"
#include "output/tables.h"
#include "scanner/base/check.h"

/* A cell of a Markdown table: '|' would end it. */
static void put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            buf_put_char(out, '\\');
        }
        buf_put_char(out, *text);
    }
}

static const char head[] =
    "# Data dictionary\n"
    "\n"
    "<!-- Made from output/tables/ by output/dictionary.c; a unit test holds it to them. -->\n"
    "\n"
    "The tables of the results of a scan. Rows are written as NDJSON (one JSON object per line,\n"
    "RFC 8259), as CSV (RFC 4180), or as both; the columns and their order are the same.\n"
    "\n"
    "## What a reader may rely on\n"
    "\n"
    "- Every row has `schema`, the version of its layout, `scan_id` and `observed_at`. Keys are "
    "those of "
    "one scan,\n"
    "  in which no two rows of a table have the same; together with `scan_id` they are keys of "
    "rows "
    "of many scans.\n"
    "- Keys come in the order given here. With `--detail normal` a key without a value is absent;\n"
    "  with `--detail full`, the default, it is there, as `null`. Both mean unknown or not "
    "applicable; an empty list means that\n"
    "  there is none. Columns marked *key* or *always* are never null; those marked *always in "
    "full* "
    "are never null in full rows.\n";

static const char lean_head[] =
    "- In normal rows a boolean, a list or a number of things that is marked *always in full* and "
    "is "
    "absent is false, empty\n"
    "  or 0, and so are `null_mx_beside`, `endpoints_truncated`, `mx`, `mx_total`,\n"
    "  `cnames`, `ns`, `mta_sts_txt`, `mta_sts_cnames` and `tls_rpt_txt` of `domains` beside "
    "`mx_dns`, and `self_issued`,\n"
    "  `precertificate`, `must_staple`, `name_constraints`, `unknown_critical_extensions`, "
    "`duplicate_extension` and `lists_truncated`\n"
    "  of `certificates` beside `version`, flags of `dns`,\n"
    "  `transcript` and `handshake` objects that have what the flag is about, and `cname_count` "
    "beside `rcode`.\n"
    "- Normal says each thing once, and `mxcensus report`, `show`, `diff` and `analyze` put it "
    "together again. Absent is what is\n"
    "  - in the row of the host: `registrable_domain`, `a`, `aaaa`, `cname_count`, `dane_host` and "
    "`tlsa_at` of `domains.mx`\n"
    "    (`exchange` as `host`; a `name_kind` that is `host`), `mx_registrable_domain`, "
    "`tlsa_base` "
    "and `dane.host` of an endpoint;\n"
    "  - in the rows of endpoints: `endpoints` of `hosts` and `domains.mx`, but for addresses "
    "without "
    "such a row, mapped ones,\n"
    "    and where `endpoints_truncated` is true;\n"
    "  - in the row of the service: `address` and `port` of an endpoint (in its key), replies of "
    "its "
    "`transcript` that have only\n"
    "    `ms`, its `handshake` but for `sni` and `ms` where `as_service` is true, and where "
    "`sni.class` "
    "is `same`\n"
    "    `certificate_domain`;\n"
    "  - in the row itself: `no_sni_leaf_sha256` and `sni.default_*` where `sni.class` is `same` "
    "(as "
    "`leaf_sha256`,\n"
    "    `chain_status`, `name.match`), `name.matched` of an exact match (the host), `outcome`, "
    "`code` "
    "and `quirks` of the attempt\n"
    "    that counts, `chain_id` and `leaf_sha256` in `handshake`, `input` that is `domain`, "
    "`mx_operators` of one operator;\n"
    "  - in a member before it: in roll-ups `n_tested` (as `n_total`), `n_total` (as that of "
    "`reachable`), a property (as the one\n"
    "    before it in this list), `rollup_primary` (as `rollup`); `host` of a place of a problem "
    "(as "
    "that of the place before);\n"
    "  - in table `outcome_sets`: `domains.outcomes`;\n"
    "  - a function of others: `status` (of `outcome`), `fix` (of `code`, in findings.md), "
    "`problems.causes` of a single cause, items\n"
    "    of `sts_readiness` that do not apply, operators, groups and `covers_domain` of endpoints "
    "inside `hosts` and `domains`,\n"
    "    and of `certificates` `fingerprint_sha1`, `tbs_fingerprint`, `serial_number_hex` (of "
    "`serial_number`) and\n"
    "    `key_algorithm_oid`.\n"
    "\n"
    "  Nothing is lost: `mxcensus analyze --detail full` makes the rows of full detail of those of "
    "normal.\n"
    "- `--detail summary` also leaves out dialogues, attempts, handshakes of endpoints, verdicts "
    "by trust store, and the\n"
    "  octets of certificates and policies: it cannot be analyzed, nor gone on with. `detail` in "
    "manifest.json says which detail it\n"
    "  is, whether columns are left out that summary lacks as well (`less`: they are read like a "
    "summary), and whether other columns\n"
    "  or tables are (`partial`): such results are for other programs, and not read back.\n";

static const char tail_of_head[] =
    "- On standard output the rows of all tables are mixed; the first key of each row is `type`,\n "
    " the name of its table.\n"
    "- Times are UTC.\n"
    "- Output is valid UTF-8. Untrusted text (banners, names in certificates, TXT records) is text "
    "that\n"
    "  the other side sent: octets that are not valid UTF-8, or are zero, are replaced with "
    "U+FFFD, and\n"
    "  then the column `<name>_base64` has the exact octets; otherwise that column is null. For a "
    "list,\n"
    "  it is a list of the same length, with null for each text that was not changed.\n"
    "- In JSON, control characters, line separators, and characters that are invisible or turn "
    "the\n"
    "  direction of text (U+202E for one) are escaped: a row is one line for every reader, and can "
    "be\n"
    "  shown on a terminal. A JSON parser gets the text exactly.\n"
    "- Unsigned numbers go up to 2^63 - 1 in principle; the numbers in practice are below 2^53.\n"
    "- `mxcensus schema` has the same as JSON Schema and as tables of databases (warehouse.md).\n"
    "- CSV has a header line and lines ending in CRLF. Lists and objects are their JSON text in "
    "one\n"
    "  field. Null is an empty field, the empty text is `\"\"`. Text that begins with `=` or `@` "
    "stays as it\n"
    "  was sent. CSV has no escapes: a line break or control character other than the tab is shown "
    "as "
    "its\n"
    "  picture, such as U+240A for a line feed, so that a record is one line. A field of more than "
    "32,767\n"
    "  characters is `[N characters]` instead (`--csv-cell-max`). NDJSON has the text exactly.\n"
    "- Compressed files consist of several frames (zstd) or members (gzip), one after the other.\n"
    "\n"
    "## Types\n"
    "\n"
    "| type | in JSON |\n"
    "|---|---|\n";

static void put_types(struct buf *out)
{
    for (unsigned i = 0; i < column_type_vocabulary.count; i++) {
        buf_putf(out, "| %s | ", column_type_vocabulary.words[i].word);
        put_cell(out, column_type_vocabulary.words[i].meaning);
        buf_put_text(out, " |\n");
    }
}

static void put_type(struct buf *out, const struct column *c)
{
    buf_put_text(out, column_type_word(c->type));
    if (c->type == COLUMN_TYPE_OBJECT || c->type == COLUMN_TYPE_OBJECT_LIST) {
        const char *name = nested_definition(c->nested)->name;
        buf_putf(out, " [%s](#object-%s)", name, name);
    }
}

static const char *presence_word(const struct column *c)
{
    enum row_detail detail = column_detail(c);
    switch (c->presence) {
    case COLUMN_PRESENCE_NULLABLE:
        return column_is_lean_only(c)      ? "not in full"
               : detail == ROW_DETAIL_FULL ? "full only"
                                           : "";
    case COLUMN_PRESENCE_FILLED:
        return detail == ROW_DETAIL_FULL || column_is_sparse(c) ? "always in full"
               : detail == ROW_DETAIL_NORMAL                    ? "always but in summary"
                                                                : "always";
    case COLUMN_PRESENCE_KEY:
        return "key";
    }
    UNREACHABLE("unknown column_presence");
}

static void put_columns(struct buf *out, const struct definition *d)
{
    buf_put_text(out, "| column | type | present | meaning | source |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        buf_putf(out, "| `%s` | ", c->name);
        put_type(out, c);
        buf_putf(out, " | %s | ", presence_word(c));
        put_cell(out, c->meaning);
        if (c->volatility == COLUMN_VOLATILITY_VOLATILE) {
            buf_put_text(out, " *(volatile)*");
        }
        buf_put_text(out, " | ");
        put_cell(out, c->source);
        buf_put_text(out, " |\n");
    }
}

static void dictionary_put_key(struct buf *out, const struct definition *d)
{
    const char *between = "Key: ";
    for (size_t i = 0; i < d->column_count; i++) {
        if (d->columns[i].presence == COLUMN_PRESENCE_KEY) {
            buf_putf(out, "%s`%s`", between, d->columns[i].name);
            between = ", ";
        }
    }
    buf_put_text(out, ".\n\n");
}

static void put_tables(struct buf *out)
{
    buf_put_text(out, "\n## Tables\n");
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct definition *d = table_definition((enum table_id)t);
        buf_putf(out, "\n### Table `%s`\n\n%s", d->name, d->meaning);
        buf_put_text(out, table_is_csv_only((enum table_id)t) ? " CSV only.\n" : "\n");
        dictionary_put_key(out, d);
        put_columns(out, d);
    }
}

static void put_objects(struct buf *out)
{
    buf_put_text(out, "\n## Objects inside rows\n");
    for (unsigned n = 0; n < NESTED_COUNT; n++) {
        const struct definition *d = nested_definition((enum nested_id)n);
        buf_putf(out, "\n### Object `%s`\n\n%s\n\n", d->name, d->meaning);
        put_columns(out, d);
    }
}

static void put_vocabulary(struct buf *out, const struct vocabulary *v)
{
    buf_putf(out, "\n### Vocabulary `%s`\n\n%s Used in: %s.\n\n| word | meaning |\n|---|---|\n",
             v->name, v->meaning, v->used_in);
    for (unsigned i = 0; i < v->count; i++) {
        if (vocabulary_has_word(v, i)) {
            buf_putf(out, "| `%s` | ", v->words[i].word);
            put_cell(out, v->words[i].meaning);
            buf_put_text(out, " |\n");
        }
    }
}

static void dictionary_put_path(const char *table, const char *path, void *arg)
{
    struct buf *out = arg;
    buf_putf(out, "%s.%s\n", table, path);
}

static void dictionary_put_volatile(struct buf *out)
{
    buf_put_text(out,
                 "\n## Volatile columns\n\n"
                 "Two scans of unchanged servers differ only in these columns: clocks, local\n"
                 "addresses, the cache of the resolver, and the order in which things happen.\n"
                 "The order of rows in a file, and of rows on standard output, is volatile too.\n\n"
                 "```\n");
    columns_each_volatile(dictionary_put_path, out);
    buf_put_text(out, "```\n");
}

void dictionary_write_markdown(struct buf *out, const struct vocabulary *const *vocabularies,
                               unsigned count)
{
    buf_put_text(out, head);
    buf_put_text(out, lean_head);
    buf_put_text(out, tail_of_head);
    put_types(out);
    put_tables(out);
    put_objects(out);
    buf_put_text(out, "\n## Vocabularies\n");
    for (unsigned i = 0; i < count; i++) {
        put_vocabulary(out, vocabularies[i]);
    }
    dictionary_put_volatile(out);
}
