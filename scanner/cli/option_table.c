#include "scanner/cli/option_table.h"

#include "scanner/base/check.h"
#include "scanner/cli/host_option.h"
#include "scanner/cli/kafka_option.h"
#include "scanner/cli/option_readers.h"
#include "scanner/fleet/terms.h"
#include "scanner/fleet/topics.h"

#define FIELD(name)        offsetof(struct options, params.name)
#define OPTION_FIELD(name) offsetof(struct options, name)

/*
 * Ranges are our own bounds unless a source is named.
 */

#define THREADS_MAX     256
#define CONCURRENCY_MAX 1000000
#define LIMIT_MAX       1000000
#define TIMEOUT_MIN     50        /* ms */
#define TIMEOUT_MAX     3600000U  /* ms: an hour */
#define OUTAGE_MAX      86400000U /* ms: a day */
#define NAMES_MAX       1000000000U
#define RETRIES_MAX     3

/* Which commands know an option. */
#define IN_SCAN    (1U << COMMAND_SCAN)
#define IN_CHECK   (1U << COMMAND_CHECK)
#define IN_SHOW    (1U << COMMAND_SHOW)
#define IN_ANALYZE (1U << COMMAND_ANALYZE)
#define IN_MERGE   (1U << COMMAND_MERGE)
#define IN_FEED    (1U << COMMAND_FEED)
#define IN_WORK    (1U << COMMAND_WORK)
#define IN_COLLECT (1U << COMMAND_COLLECT)
#define IN_FLEET   (IN_FEED | IN_WORK | IN_COLLECT)
#define IN_REPORT  (1U << COMMAND_REPORT)
#define IN_DIFF    (1U << COMMAND_DIFF)
#define IN_EXPLAIN (1U << COMMAND_EXPLAIN)
#define IN_SCHEMA  (1U << COMMAND_SCHEMA)
#define IN_PROBING (1U << COMMAND_PROBING_TXT)
#define IN_ALL                                                                                 \
    (IN_SCAN | IN_CHECK | IN_SHOW | IN_ANALYZE | IN_MERGE | IN_REPORT | IN_DIFF | IN_EXPLAIN | \
     IN_SCHEMA | IN_PROBING | IN_FLEET)

#define IN_MANUAL(member, word, manual) " " word ": " manual "."

const struct option_row option_table[] = {
    {OPTION_GROUP_INPUT,
     IN_SCAN | IN_CHECK | IN_SHOW | IN_ANALYZE | IN_MERGE | IN_REPORT | IN_DIFF | IN_PROBING |
         IN_FLEET,
     0, "config", "FILE", NULL, NULL, "options from FILE: name = value",
     "Read options from FILE: one 'name = value' a line, with the names of the options without "
     "their hyphens. Blank lines "
     "and lines that begin with '#' are passed over; a flag is its name alone, or with the value "
     "yes or no. A list takes "
     "several lines; of an option that takes one value the last counts, as on the command line, "
     "and a message names both lines. "
     "The command line wins: what it gives is not taken from FILE. A value that cannot be used is "
     "refused with FILE:LINE. Options that "
     "only other commands know "
     "are passed over, so that one file can serve several commands; a name that no command knows "
     "is an error. The "
     "manifest has what was in force.",
     option_read_config, OPTION_FIELD(config_path), 0, 0},
    {OPTION_GROUP_INPUT, IN_SCAN | IN_FEED, 'f', "input-file", "FILE", NULL, "stdin",
     "domains or CSV; gzip, zstd",
     "A file with domains; '-' is standard input, which is read if no FILE is given. One domain "
     "per line, or CSV (rank,domain "
     "as in the Tranco list) with commas, semicolons, tabs or bars between columns; plain, or "
     "compressed with gzip or zstd, whatever its name. Lines that begin with '#', where there is "
     "one domain per line also what follows a '#' behind white space, "
     "blank lines, CRLF, a byte order mark, a first line such as sep=; (as of Excel), upper "
     "case, a trailing dot, internationalised names, user@domain and Name <user@domain> are "
     "accepted. A line or CSV row longer than 64 KiB is invalid (line_too_long); what is no text "
     "in UTF-8, such as UTF-16, what is damaged or cut short, what unpacks to more than 250 times "
     "its size (from 64 MiB on), and a list without a domain are refused. FILE can also be given "
     "without the option, and several can, by the option or without: they are read "
     "one after the other, those of the option first, each in the form that it has; their lines "
     "are counted on from one to "
     "the "
     "next (the manifest has the first of each), and a domain of two lists is a duplicate in the "
     "second.",
     option_read_input, 0, 0, 0},
    {OPTION_GROUP_INPUT, IN_SCAN | IN_FEED, 0, "column", "N|NAME", NULL, NULL,
     "CSV column that has the domain",
     "The column of CSV input that has the domain: its number, from 1, or its name in the first "
     "line. It is for every list that has columns: a list with one domain a line is read as it is "
     "beside others. Without this option, the column is chosen by what stands in the first 64 "
     "lines, domains or URLs of sites, and by header words such as domain or url; mail addresses "
     "are no domains while another column has some. The choice is told on standard error. So is "
     "it, as a warning, if most of these lines have domains in other columns as well, unless a "
     "header word decided, and if most of the first 1,000 lines are invalid or repeat a domain.",
     option_read_text, FIELD(column), 0, 0},
    {OPTION_GROUP_INPUT, IN_SCAN | IN_FEED, 0, "metadata-passthrough", NULL, NULL, NULL,
     "keep the other columns in the rows",
     "Keep the other columns of CSV input in the rows of the table domains.", option_read_flag,
     FIELD(metadata_passthrough), 0, 0},
    {OPTION_GROUP_INPUT, IN_SCAN, 0, "shards", "N", "1", NULL, "how many scans share the list",
     "For batch schedulers: N scans, each with another --shard, share the list. All get the same "
     "list and options; each takes the domains of its own part, by a fixed hash of the name, and "
     "passes over the others. Rates and limits (--address-rate, --address-limit, "
     "--network-limit, --operator-limit, --dns-rate-limit) are those of all of them together: "
     "each has its part, but at least one session at once and one DNS query a second. "
     "--concurrency is of each.",
     option_read_number, FIELD(shards), 1, SHARDS_MAX},
    {OPTION_GROUP_INPUT, IN_SCAN, 0, "shards-at-once", "K", NULL, "all",
     "how many of these run at a time",
     "How many of the --shards run at the same time, where the scheduler runs some after the "
     "others: rates and limits are divided by K.",
     option_read_number, FIELD(shards_at_once), 1, SHARDS_MAX},
    {OPTION_GROUP_INPUT, IN_SCAN, 0, "shard", "I", NULL, NULL, "which of these, from 0",
     "Which of the --shards this scan is: 0 to N - 1.", option_read_number, FIELD(shard), 0,
     SHARDS_MAX - 1},
    {OPTION_GROUP_INPUT, IN_EXPLAIN, 0, "log", "FILE", NULL, NULL, "a mail log, plain or gzip",
     "A log of a mail server, plain or gzip; '-' is standard input. Its lines about TLS are "
     "counted "
     "by what they mean; further files may follow as words. Without the option a FILE is "
     "recognised "
     "by its content.",
     option_read_text, OPTION_FIELD(explain_log), 0, 0},
    {OPTION_GROUP_INPUT, IN_EXPLAIN, 0, "tls-rpt", "FILE", NULL, NULL,
     "a TLS-RPT report, JSON or gzip",
     "A report of TLS-RPT (RFC 8460), JSON or gzip; '-' is standard input. What failed for whom is "
     "summed up by domain, policy and type of failure; further files may follow as words. Without "
     "the option a FILE is recognised by its content. A report is at most 10 MiB when unpacked.",
     option_read_text, OPTION_FIELD(explain_report), 0, 0},

    {OPTION_GROUP_INPUT, IN_CHECK, 0, "host", "NAME[=A][:PORT]", NULL, NULL,
     "this MX host, not those of DNS",
     "Check the server NAME instead of the MX hosts of DNS, for instance before the MX record of a "
     "domain "
     "points to it. With =ADDRESS, connections go there and not to the addresses of NAME. With a "
     "domain, "
     "the report is what it would be if this were its MX host, with the policies of the domain; "
     "TLSA "
     "records are those of NAME. Without a domain it is about the server alone. A PORT other than "
     "25, 465 and 587 is "
     "used in place of 25. Repeatable: further hosts in the order of their preference, further "
     "addresses of a host.",
     option_read_staged_host, 0, 0, 0},
    {OPTION_GROUP_INPUT, IN_SHOW, 0, "host", "NAME", NULL, NULL, "an MX host, instead of a domain",
     "Show the MX host NAME by itself: its servers, certificates and findings, and which domains "
     "use it.",
     option_read_text, OPTION_FIELD(show_host), 0, 0},
    {OPTION_GROUP_INPUT, IN_SHOW, 0, "address", "A", NULL, NULL, "an address, instead of a domain",
     "Show what the MX hosts at an IPv4 or IPv6 address get there, and which domains use it.",
     option_read_text, OPTION_FIELD(show_address), 0, 0},
    {OPTION_GROUP_INPUT, IN_SHOW, 0, "cause", "KEY", NULL, NULL, "a cause, instead of a domain",
     "Show a cause by its key in table causes: what is to be mended and how, and the domains whose "
     "problem it is.",
     option_read_text, OPTION_FIELD(show_cause), 0, 0},
    {OPTION_GROUP_INPUT, IN_CHECK, 0, "certificate", "FILE", NULL, NULL,
     "as if servers presented this chain",
     "Report what would be if every mail server presented the certificates of FILE (PEM, leaf "
     "first): whether "
     "names, trust, TLSA records, MTA-STS and the senders' rules for keys and signatures let them "
     "pass, which key the "
     "TLSA records ask for, the TLSA records of the new key, and in which order to replace it. A "
     "private key in FILE is "
     "not read. The handshakes are made with the present certificate: what "
     "does not depend on it, such as versions, is as it is.",
     option_read_text, OPTION_FIELD(certificate_path), 0, 0},

    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE, 'o', "output", "DIR", NULL, NULL,
     "new directory (else NDJSON to stdout)",
     "The directory for the results: one file per table, summary.json and manifest.json. It must "
     "be empty or not exist. Without this option, the rows of all tables go to standard output as "
     "NDJSON; \"type\" is the table of a row.",
     option_read_text, FIELD(output_dir), 0, 0},
    {OPTION_GROUP_RESULTS, IN_MERGE | IN_COLLECT, 'o', "output", "DIR", NULL, NULL,
     "new directory for the results",
     "The directory for the results of the whole scan, as those of scan. It must be empty or not "
     "exist. "
     "Meanwhile it also holds what was chosen of the shards, in a folder that is removed in the "
     "end.",
     option_read_text, FIELD(output_dir), 0, 0},
    {OPTION_GROUP_RESULTS, IN_MERGE, 0, "partial", NULL, NULL, NULL,
     "shards may be missing or unfinished",
     "Merge what is there, although a shard is missing or not finished. The results are marked as "
     "incomplete, manifest.json has how many lines of the list have no row for it, and the exit "
     "code is 3.",
     option_read_flag, OPTION_FIELD(merge_partial), 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN, 0, "resume", "DIR", NULL, NULL, "go on with an unfinished scan",
     "Go on with the scan that was interrupted or killed and left its results in DIR. Options and "
     "the list are those that "
     "it began with; given may only be what changes no row: --threads, --concurrency, limits and "
     "rates, -q and the "
     "files of progress. What has its row is kept, everything else is done as in the first start, "
     "from the working "
     "directory of that. The list must be the same, in a file; not with CSV alone.",
     option_read_text, OPTION_FIELD(resume_path), 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE, 0, "stdout", "TABLE", NULL, NULL,
     "rows of this table alone, to stdout",
     "Write the rows of TABLE to standard output, one a line, in place of all rows of all tables: "
     "as soon as they are complete, not in the order of the list. --format csv has a header line; "
     "--format text has tabs between the values and - where there is none. Not with --output.",
     option_read_text, OPTION_FIELD(stdout_table), 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE, 0, "fields", "LIST", NULL, "all",
     "columns of --stdout, in this order",
     "Which columns --stdout writes, in this order, separated by commas, such as "
     "domain,effect,worst_severity. docs/data-dictionary.md has the columns of each table.",
     option_read_text, OPTION_FIELD(stdout_fields), 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE | IN_MERGE | IN_COLLECT, 0, "format", "FORMAT",
     "ndjson", NULL, "ndjson, csv or both; text",
     "The format of the files in the directory: ndjson, csv or both. With --stdout: ndjson, csv or "
     "text.",
     option_read_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE | IN_MERGE | IN_COLLECT, 0, "compress", "METHOD",
     "none", NULL, "none, gzip or zstd, :LEVEL",
     "The compression of the files in the directory: none, gzip or zstd. A level may follow: "
     "gzip:1 "
     "to gzip:9, zstd:1 to zstd:19; else it is 6 or 3. A higher one takes more CPU time and memory "
     "and makes smaller files.",
     option_read_compress, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE | IN_MERGE | IN_COLLECT, 0, "csv-cell-max", "N",
     "32767", NULL, "longest field of CSV, 0 for any",
     "How many characters a field of CSV has at most; spreadsheets take 32,767. What is longer is "
     "replaced by \"[N characters]\", and whole in NDJSON. 0 means no limit.",
     option_read_number, FIELD(csv_cell_max), 0, UINT32_MAX},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE | IN_MERGE | IN_COLLECT, 0, "detail", "LEVEL",
     "full", NULL, "summary, normal or full",
     "How much each row says. normal has each fact once, and no key without a value. full has "
     "every "
     "key in every row, and what other rows have as well, for readers that cannot join. summary "
     "leaves out what verdicts were made of, such as dialogues, handshakes and certificates: such "
     "results are small, but cannot be analyzed, and their scan cannot be resumed.",
     option_read_detail, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE | IN_MERGE | IN_COLLECT, 0, "tables", "LIST", NULL,
     "all", "write these tables alone",
     "Which tables are written, separated by commas, such as domains,problems. Such "
     "results are for other programs: mxcensus does not read them back, and the scan cannot be "
     "resumed.",
     option_read_text, OPTION_FIELD(only_tables), 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_ANALYZE | IN_MERGE | IN_COLLECT, 0, "columns", "LIST", NULL,
     NULL, "all but -TABLE.COLUMN,...",
     "Which columns are left out, each as -TABLE.COLUMN, separated by commas, such as "
     "--columns=-certificates.raw,-services.transcript. Keys, and the first three columns, are "
     "always there. As with --tables, such results are not read back, except where they lack "
     "only columns that summary lacks as well, such as certificates.raw: those are read like a "
     "summary.",
     option_read_text, OPTION_FIELD(left_columns), 0, 0},

    {OPTION_GROUP_RESULTS, IN_REPORT, 'o', "output", "FILE", NULL, NULL,
     "the file of the report (else stdout)",
     "The file of the report, replaced if it exists. Without this option the report goes to "
     "standard output.",
     option_read_text, OPTION_FIELD(report.output), 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "format", "FORMAT", "html", NULL, "html, md, csv or latex",
     "The format of the report: html, a page that needs neither network nor scripts; md, Markdown; "
     "csv, one line for "
     "each number, with its table, row and column; latex.",
     option_read_report_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "tables", "DIR", NULL, NULL, "also each table as a file",
     "Also write each table into a file of its own in DIR, as CSV, or in the format of the report "
     "if that is md or "
     "latex. definitions.csv says what is counted in each, and why one is missing.",
     option_read_text, OPTION_FIELD(report.tables), 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "baseline", "OLD", NULL, NULL,
     "also what changed since OLD",
     "The results of an earlier scan: the report has a part about what changed since then, as "
     "mxcensus "
     "diff says it.",
     option_read_text, OPTION_FIELD(report.baseline), 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "sample", NULL, NULL, NULL,
     "the list is a sample: 95 % intervals",
     "The list is a random sample of something larger: shares have their 95 % interval (Wilson).",
     option_read_flag, OPTION_FIELD(report.sample), 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "rank-column", "NAME|line", "rank", NULL,
     "the column of ranks",
     "The column of ranks among those that --metadata-passthrough kept, for shares by rank. line "
     "means that the list "
     "is sorted by rank, with the first in line 1.",
     option_read_text, OPTION_FIELD(report.rank_column), 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "customer-column", "NAME", NULL, NULL,
     "column to group domains by",
     "A column that --metadata-passthrough kept, such as the customer, sector or country: the "
     "report has a table by "
     "its values.",
     option_read_text, OPTION_FIELD(report.customer_column), 0, 0},
    {OPTION_GROUP_RESULTS, IN_REPORT, 0, "customer", "VALUE", NULL, NULL,
     "only domains with this value",
     "Only domains that have VALUE in the column of --customer-column; servers and certificates "
     "are those that they "
     "lead to. An empty VALUE means the domains that have none.",
     option_read_any_text, OPTION_FIELD(report.customer), 0, 0},

    {OPTION_GROUP_RESULTS, IN_EXPLAIN, 0, "format", "FORMAT", "text", NULL, "text, csv or json",
     "The format: text, csv or json. csv and json give every field of every entry. csv has "
     "findings alone.",
     option_read_explain_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCHEMA, 0, "format", "FORMAT", "json-schema", NULL,
     "JSON Schema or a database",
     "The format: json-schema (draft 2020-12), which every line of NDJSON fits; postgresql, duckdb "
     "or "
     "clickhouse, statements that create the tables that do not exist yet; bigquery, the list of "
     "columns that bq load takes, or without TABLE an object of such lists.",
     option_read_schema_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCHEMA, 0, "load", "RESULTS", NULL, NULL,
     "also load the results of a scan",
     "Also the statements that load the results in the directory RESULTS, for psql, DuckDB or "
     "clickhouse-client on this machine: mxcensus schema --format duckdb --load night | duckdb "
     "nights.db. docs/warehouse.md has examples.",
     option_read_text, OPTION_FIELD(schema_load), 0, 0},
    {OPTION_GROUP_RESULTS, IN_DIFF, 0, "format", "FORMAT", "text", NULL, "text or ndjson",
     "The format of the comparison: text, grouped by cause, or ndjson with one change per line, "
     "which docs/comparing.md describes.",
     option_read_diff_format, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_DIFF, 0, "domains", "N", "5", NULL,
     "domains listed of each, 0 for all",
     "How many domains are listed of each change, the first by name; 0 means all. They are always "
     "counted.",
     option_read_number, OPTION_FIELD(diff_domains), 0, UINT32_MAX},
    {OPTION_GROUP_RESULTS, IN_DIFF, 0, "fail-on", "CHANGE", NULL, NULL,
     "exit code 10: new-error or new-warning",
     "Exit with code 10 if a finding is new, more severe or at more places than before, with "
     "severity "
     "error (new-error), or at least warning (new-warning).",
     option_read_diff_fail_on, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW, 0, "json", NULL, NULL, NULL,
     "one JSON document per domain",
     "Print one JSON document per domain, each on one line, instead of the report. It has the "
     "number of findings by severity, and all rows of the domain, with its problems and their "
     "effect.",
     option_read_flag, OPTION_FIELD(json), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW, 0, "brief", NULL, NULL, NULL, "one line per domain",
     "Print one line per domain instead of the report: the worst effect of its problems (a word of "
     "effect, or no problem), the number of findings by severity, what becomes of mail, and for "
     "which senders; and last what was said instead of looked up.",
     option_read_flag, OPTION_FIELD(brief), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW, 0, "tlsa", NULL, NULL, NULL,
     "TLSA records to publish",
     "Also print the TLSA records 3 1 1 and 2 1 1 of what each host presents, ready for the zone, "
     "and whether they are "
     "published.",
     option_read_flag, OPTION_FIELD(tlsa), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW, 0, "partner", NULL, NULL, NULL,
     "for whoever demands TLS",
     "Also print what a partner needs who demands TLS for mail to the domain: each host and port "
     "with its TLS versions and "
     "the names in its certificate, whether that passes, and the settings of Postfix and Exchange.",
     option_read_flag, OPTION_FIELD(partner), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW, 0, "pem", NULL, NULL, NULL,
     "the certificates as PEM",
     "Also print the certificates of each chain as PEM, in the order sent.", option_read_flag,
     OPTION_FIELD(pem), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW, 'v', "verbose", NULL, NULL, NULL,
     "also info findings, server replies",
     "Also show findings of severity info, and the replies of the servers.", option_read_flag,
     OPTION_FIELD(verbose), 0, 0},
    {OPTION_GROUP_RESULTS, IN_CHECK | IN_SHOW | IN_DIFF, 0, "color", "WHEN", "auto", NULL,
     "auto, always or never",
     "Whether the report is coloured: auto does so on a terminal, unless the environment has "
     "NO_COLOR.",
     option_read_color, 0, 0, 0},
    {OPTION_GROUP_RESULTS, IN_SCAN | IN_CHECK, 0, "fail-on", "WHAT", NULL, NULL,
     "exit code 10 at this severity or effect",
     "Exit with code 10 if a finding has at least this severity: error, warning, notice or info; "
     "or if the mail of a domain meets this effect or a worse one: mail_lost, cleartext, unknown, "
     "policy_risk, strict_risk or hygiene, from worst to least, as in column effect of domains. "
     "What is found of a domain that is set up for no mail (no MX and no address, a null MX, no "
     "such domain) does not count. Without this option, findings do not change the exit code.",
     option_read_fail_on, 0, 0, 0},

    {OPTION_GROUP_FLEET, IN_FLEET, 0, "brokers", "HOST:PORT,...", NULL, NULL, "brokers of Kafka",
     "Brokers of Apache Kafka by which the members of a fleet are joined, one or more of them.",
     option_read_text, OPTION_FIELD(brokers), 0, 0},
    {OPTION_GROUP_FLEET, IN_FLEET, 0, "scan", "NAME", NULL, NULL, "the scan: its topics are NAME.*",
     "The name of the scan, which is that of its topics: letters, digits, '-', '_' and '.'.",
     option_read_text, OPTION_FIELD(fleet_scan), 0, 0},
    {OPTION_GROUP_FLEET, IN_FLEET, 0, "kafka-option", "KEY=VALUE", NULL, NULL,
     "a setting of librdkafka",
     "A setting of librdkafka, such as security.protocol=SASL_SSL; repeatable. In a file of "
     "--config it is not seen by others on this machine, as on a command line.",
     option_read_kafka_option, 0, 0, 0},
    {OPTION_GROUP_FLEET, IN_FEED, 0, "members", "N", "1", NULL, "machines that work",
     "How many members the fleet has: so many times mxcensus work is started, and the work begins "
     "when all are there. --operator-limit is divided among them.",
     option_read_number, OPTION_FIELD(fleet_members), 1, FLEET_PARTS_LIMIT},
    {OPTION_GROUP_FLEET, IN_FEED, 0, "partitions", "T", NULL, "8 a member", "of the topics",
     "Into how many parts all keys are divided: a power of two, at least as many as --members. A "
     "member has a thread for each of its parts. The default is the lowest power of two that is 8 "
     "for each member.",
     option_read_number, OPTION_FIELD(fleet_parts), 1, FLEET_PARTS_LIMIT},
    {OPTION_GROUP_FLEET, IN_FEED, 0, "silent-after", "SECONDS", "45", NULL,
     "when a member is given up",
     "A member that is not heard for so many seconds is lost: another mxcensus work takes its "
     "place. One that does not hear itself begins no session after two ninths of that time, and "
     "resets those that are open after seven ninths.",
     option_read_number, OPTION_FIELD(fleet_silent_after), TERMS_SILENT_MIN, TERMS_SILENT_MAX},
    {OPTION_GROUP_FLEET, IN_COLLECT, 0, "drop", NULL, NULL, NULL, "delete the scan's topics",
     "Delete the topics of the scan, with all that is in them, instead of collecting it. Not with "
     "--output.",
     option_read_flag, OPTION_FIELD(drop), 0, 0},

    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE | IN_FEED, 0, "root-cas", "[NAME=]FILE",
     NULL, "system's", "trusted roots; up to 8 times",
     "A PEM file of root certificates (a trust store); repeatable up to eight times. The first "
     "store decides statuses and findings; the verdicts of the others are also reported. NAME is "
     "the name of the store in the rows; the default is the name of the file. The word system "
     "instead of FILE means the CA bundle of this machine, which is also the default. The default "
     "of analyze is the copies in RESULTS.",
     option_read_root_cas, 0, 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE | IN_FEED, 0, "intermediates", "FILE",
     NULL, NULL, "known intermediate CAs; up to 8 times",
     "A PEM file of intermediate CA certificates, plain or gzip; repeatable up to eight times. A "
     "chain that lacks one of them, or one of the few bundled ones, gets the status "
     "missing_intermediate: it would be trusted with this certificate, but not as served. They are "
     "not trusted as roots. docs/verdicts.md explains how to make such a file of all public CAs. "
     "The default of analyze is the copies in RESULTS.",
     option_read_intermediates, 0, 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE | IN_FEED, 0, "trust-ad", "WHAT", "auto",
     NULL, "auto, yes or no: trust the AD bit",
     "Whether to trust the AD bit of the resolvers as DNSSEC validation. Without validation, DANE "
     "is not judged (RFC 7672 section 2.1.1). auto means yes if all resolvers have loopback "
     "addresses and those that answer the query for the NS records of the root do so with AD; for "
     "analyze, auto "
     "means the choice of the scan.",
     option_read_trust_ad, 0, 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE | IN_FEED, 0, "sender-profiles", "FILE",
     NULL, "bundled", "how senders behave",
     "A file of sender profiles (JSON) instead of the bundled ones; format: see "
     "datasets/sender-profiles/README.md. The default of analyze is the copy in RESULTS.",
     option_read_text, OPTION_FIELD(profiles_path), 0, 0},
    {OPTION_GROUP_JUDGING, IN_SCAN | IN_CHECK | IN_ANALYZE | IN_MERGE | IN_FEED | IN_COLLECT, 0,
     "at", "TIME", NULL, "start", "judge as of this time, in UTC",
     "The time at which certificates are judged, in UTC: 2026-01-31, 2026-01-31T12:00:00Z or "
     "@1769860800 (Unix seconds). The default is the start of the scan; of merge, that of the "
     "shard that "
     "began last.",
     option_read_at, 0, 0, 0},

    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK | IN_WORK, 0, "name-servers", "A[:P],...", NULL,
     "system's", "recursive resolvers",
     "The addresses of the recursive resolvers, each with a port if it is not 53. IPv6 addresses "
     "with a port go in brackets. The default is the resolvers of /etc/resolv.conf. A validating "
     "resolver on this machine is best.",
     option_read_name_servers, 0, 0, 0},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK | IN_WORK, 0, "dns-rate-limit", "N", "5000", NULL,
     "queries per second, 0: no limit",
     "The number of DNS queries per second, to all resolvers together; 0 is no limit.",
     option_read_dns_rate, 0, 0, 0},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK | IN_FEED, 0, "dns-timeout", "S", "3", NULL,
     "wait for an answer, first try",
     "Seconds to wait for an answer at the first try; later tries wait longer.",
     option_read_seconds, FIELD(dns_timeout_ms), TIMEOUT_MIN, 60000U},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK | IN_FEED, 0, "dns-tries", "N", "3", NULL,
     "tries per resolver", "How many times each resolver is tried before the query times out.",
     option_read_number, FIELD(dns_tries), 1, 20},
    {OPTION_GROUP_DNS, IN_SCAN | IN_CHECK | IN_FEED, 0, "dns-retry-pause", "S", "10", NULL,
     "before the second pass, 0: none",
     "Seconds before a query that timed out or ended with SERVFAIL is asked once more, on all "
     "resolvers "
     "again. Resolvers remember a failure for some seconds (RFC 9520 section 3.2), so less than 5 "
     "is of "
     "little use. 0: there is no second pass.",
     option_read_seconds, FIELD(dns_retry_pause_ms), 0, TIMEOUT_MAX},

    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, 0, "ports", "LIST", "25", NULL,
     "25, 587 (STARTTLS), 465 (TLS)",
     "The ports to test on every MX host, at most four. Port 465 uses implicit TLS (RFC 8314 "
     "section 3.3), the others use STARTTLS.",
     option_read_ports, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, 0, "probes", "LIST", "sni,no-sni-short",
     NULL, "handshakes to make", "The handshakes to make." ASKED_PROBES(IN_MANUAL),
     option_read_probes, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, 0, "infer", "WHICH", "listed", NULL,
     "off, listed or all names",
     "Which host names of one wildcard are not tested because others of them got the same "
     "certificate chain at the address. listed: wildcards of --shared-operators, once 3 names "
     "agree; all: every wildcard in a certificate, too, once 100 names agree; off: none. A fixed "
     "hash chooses the names that are tested, and one in 1,000 is tested as a check; if one gets "
     "something else, the others are tested. The rows say basis inferred. check observes, so its "
     "default is off. With --probes ecdsa-rsa or without sni, nothing is inferred.",
     option_read_infer, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, 0, "shared-operators", "FILE", NULL,
     "bundled", "wildcards for --infer listed",
     "A list of the wildcards under which an operator gives each customer a host name of its own "
     "(CSV), instead of the bundled one; format: see datasets/shared-operators/README.md.",
     option_read_text, OPTION_FIELD(shared_operators_path), 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_FEED, 0, "names-per-address", "N", "500", NULL,
     "names tested per address, 0: all",
     "How many host names are tested at one address; names whose result is inferred (--infer) do "
     "not count. The others get the outcome not_tested with the reason address_budget; a fixed "
     "hash chooses them. 0 tests all.",
     option_read_number, FIELD(names_per_address), 0, NAMES_MAX},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, 0, "implicit-mx", "WHAT", "record", NULL,
     "record or dial",
     "What to do with a domain that has an address but no MX record (implicit MX, RFC 5321 section "
     "5.1): only record it, or also connect to it (dial). Half of such names are web hosts.",
     option_read_implicit_mx, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, 0, "mta-sts", "WHAT", "fetch", NULL,
     "record or fetch",
     "MTA-STS: fetch the policies over HTTPS from the policy hosts of the domains that have a "
     "record (RFC 8461 section 3.3), or only record the DNS records.",
     option_read_mta_sts, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK, 0, "aia", "WHAT", "record", NULL, "record or fetch",
     "Issuer certificates that servers do not present: fetch them at the end of the scan from the "
     "http URLs in the certificates (caIssuers, RFC 5280 section 4.2.2.1), each URL once, or only "
     "record the URLs. Browsers fetch them, mail servers do not.",
     option_read_aia, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, '4', "ipv4-only", NULL, NULL, NULL,
     "use IPv4 addresses only",
     "Connect to IPv4 addresses only; the others are recorded as not tested.",
     option_read_ipv4_only, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_CHECK | IN_FEED, '6', "ipv6-only", NULL, NULL, NULL,
     "use IPv6 addresses only",
     "Connect to IPv6 addresses only; the others are recorded as not tested.",
     option_read_ipv6_only, 0, 0, 0},
    {OPTION_GROUP_PROBES, IN_SCAN | IN_FEED, 0, "seed", "N", "1", NULL, "seed of random choices",
     "The seed for choosing the names that --names-per-address and --infer test. The same seed "
     "gives the same choice.",
     option_read_number_u64, FIELD(seed), 0, UINT64_MAX},

    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK | IN_PROBING | IN_WORK, 0, "ehlo-domain", "NAME",
     NULL, "this host's", "the name in EHLO",
     "The name to send in EHLO, the same for the whole scan. It must be a fully qualified host "
     "name; it should resolve to the address of the scanner, and that address back to the name "
     "(RFC 5321 section 4.1.4). The default is the canonical name of this host.",
     option_read_ehlo_domain, 0, 0, 0},
    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK | IN_PROBING | IN_FEED, 0, "contact", "URL|MAILTO",
     NULL, NULL, "who scans (in User-Agent)",
     "Who scans and why, such as https://scan.example.org/ or mailto:scan@example.org. It is sent "
     "only in the User-Agent of HTTPS requests. probing-txt needs it.",
     option_read_contact, 0, 0, 0},
    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK | IN_PROBING | IN_WORK, 0, "local-addr", "LIST",
     NULL, NULL, "source addresses, in turn",
     "Source addresses of connections, used in turn, for each address family.",
     option_read_local_addrs, 0, 0, 0},
    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK | IN_WORK, 0, "self-test", "HOST[:PORT]", NULL, NULL,
     "first see that HOST speaks SMTP to us",
     "A mail server of your own, or of somebody who knows: before the scan, connect to it, read "
     "its "
     "greeting and leave with QUIT. If none of these hosts greets, nothing is scanned and the exit "
     "code is 4, "
     "as no server could be reached from here. HOST is a name or an address, PORT is 25 by "
     "default; "
     "repeatable up to eight times. Those that greet are asked again when the scan may have met an "
     "outage of our own.",
     option_read_self_test, 0, 0, 0},
    {OPTION_GROUP_IDENTITY, IN_SCAN | IN_CHECK | IN_WORK, 0, "strict-vantage", NULL, NULL, NULL,
     "EHLO name must fit our addresses",
     "Do not scan if the EHLO name does not resolve to the source addresses, or these do not lead "
     "back "
     "to it; without this option there is only a warning. Of an address behind NAT only the name's "
     "addresses are looked at.",
     option_read_flag, OPTION_FIELD(strict_vantage), 0, 0},

    {OPTION_GROUP_LIMITS, IN_SCAN, 0, "threads", "N", NULL, "cores", "worker threads",
     "The number of worker threads. The default is one for each processor that this process may "
     "use. It is lowered to --concurrency, with a message, if it is higher.",
     option_read_number, FIELD(threads), 1, THREADS_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK | IN_WORK, 0, "concurrency", "N", "4000", NULL,
     "connections at once, in total",
     "How many connections are open at once, over all threads. It is lowered, with a message, if "
     "the limit of open files is too low.",
     option_read_number, FIELD(concurrency), 1, CONCURRENCY_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_WORK, 0, "spool-max", "MIB", "8192", NULL,
     "disk space for domains that wait",
     "How many MiB of temporary files (TMPDIR) hold domains and hosts that wait for a limit, when "
     "very many do: so they hold back no other domain of the list. Reading pauses, with a message, "
     "when these are full. 0 keeps all in memory, about 130,000 domains at once.",
     option_read_number, FIELD(spool_max_mib), 0, UINT32_MAX >> 1},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK | IN_FEED, 0, "address-rate", "N/s", "2/s", NULL,
     "new connections to one address",
     "How many connections to one address are started per second; N/m is per minute, N/h per hour, "
     "0 is no limit.",
     option_read_address_rate, 0, 0, 0},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK | IN_FEED, 0, "address-limit", "N", "1", NULL,
     "connections at once, one address", "How many connections to one address are open at once.",
     option_read_number, FIELD(address_limit), 1, LIMIT_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK | IN_FEED, 0, "network-limit", "N", "8", NULL,
     "connections at once, one /24 or /48",
     "How many connections to one network (/24 of IPv4, /48 of IPv6) are open at once.",
     option_read_number, FIELD(network_limit), 1, LIMIT_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN | IN_CHECK | IN_FEED, 0, "operator-limit", "N", "64", NULL,
     "connections at once, one operator",
     "How many connections to one MX operator (registrable domain of the MX name) are open at "
     "once.",
     option_read_number, FIELD(operator_limit), 1, LIMIT_MAX},
    {OPTION_GROUP_LIMITS, IN_SCAN, 0, "memory", "FILE", NULL, NULL,
     "slower where we were turned away",
     "Remember from scan to scan which addresses and operators turned us away: with 4xx or 5xx to "
     "the "
     "connection or to EHLO, as a tarpit, or by closed connections and silence where others were "
     "answered. After such a scan new connections to the address start at a quarter of "
     "--address-rate, one at a time, after a further one at a sixteenth, down to one a minute; "
     "after "
     "one without it at twice the pace, until the entry is gone. Of an operator with two such "
     "addresses --operator-limit is lowered likewise. What is tested does not change. FILE is "
     "text; it "
     "is read before the scan, locked during it, replaced at its end, and created if it does not "
     "exist.",
     option_read_text, OPTION_FIELD(memory_path), 0, 0},

    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "connect-timeout", "S", "10", NULL,
     "until connected", "Seconds until the TCP connection is established.", option_read_seconds,
     FIELD(connect_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "greeting-timeout", "S", "30", NULL,
     "until the greeting",
     "Seconds until the greeting is complete. Some servers delay it on purpose; RFC 5321 section "
     "4.5.3.2.1 allows five minutes.",
     option_read_seconds, FIELD(greeting_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "reply-timeout", "S", "20", NULL,
     "until each further reply", "Seconds until each further reply is complete.",
     option_read_seconds, FIELD(reply_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "tls-timeout", "S", "20", NULL,
     "for the handshake", "Seconds for the TLS handshake.", option_read_seconds,
     FIELD(tls_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "target-timeout", "S", "120", NULL,
     "for a whole session", "Seconds for a whole session. Waiting for a rate limit is not counted.",
     option_read_seconds, FIELD(target_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "policy-timeout", "S", "60", NULL,
     "for an MTA-STS policy",
     "Seconds to fetch an MTA-STS policy, from the connection to the last octet; RFC 8461 section "
     "3.3 suggests 60. Waiting for a rate limit is not counted.",
     option_read_seconds, FIELD(policy_timeout_ms), TIMEOUT_MIN, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "retries", "N", "1", NULL,
     "further attempts after a loss",
     "How often a session is tried again that was lost (a timeout, a reset, the end of the "
     "connection without a reply), or that was asked to come back (a 4xx reply, a tarpit). What "
     "was refused for good (connection refused, a 5xx greeting) is not tried again. Connections to "
     "policy hosts that are lost before the request are tried again as well. All attempts are in "
     "the rows.",
     option_read_number, FIELD(retries), 0, RETRIES_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_WORK, 0, "outage-max", "S", "1800", NULL,
     "wait for our own network",
     "Seconds to wait for the own network or resolver. When servers or names that answered a short "
     "while ago "
     "suddenly do not any more, the scan pauses and asks some of them again every few seconds; "
     "what failed meanwhile is asked again when they answer. If the outage lasts longer than this, "
     "what is "
     "left ends as not tested, with the reason local_fault, and the exit code is 4. manifest.json "
     "lists all outages.",
     option_read_seconds, FIELD(outage_max_ms), 1, OUTAGE_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "retry-pause", "S", "60", NULL,
     "before it, after a loss", "Seconds from a session that was lost to the next attempt.",
     option_read_seconds, FIELD(retry_pause_ms), 0, TIMEOUT_MAX},
    {OPTION_GROUP_TIMEOUTS, IN_SCAN | IN_CHECK | IN_FEED, 0, "tempfail-pause", "S", "300", NULL,
     "before it, after a 4xx reply",
     "Seconds from a 4xx reply or a tarpit to the next attempt; no connection to the address is "
     "started before.",
     option_read_seconds, FIELD(tempfail_pause_ms), 0, TIMEOUT_MAX},

    {OPTION_GROUP_SAFETY, IN_SCAN | IN_CHECK | IN_FEED, 'b', "blocklist-file", "FILE", NULL, NULL,
     "domains and CIDRs not to scan",
     "Domains (with all names under them), *.suffixes, addresses and CIDR prefixes that are not "
     "scanned, one per line; '#' begins a comment. Applied to input, MX hosts, CNAME targets and "
     "addresses.",
     option_read_text, FIELD(blocklist_path), 0, 0},
    {OPTION_GROUP_SAFETY, IN_SCAN | IN_CHECK | IN_FEED, 0, "allow-special-addresses", NULL, NULL,
     NULL, "connect to RFC 6890 space too",
     "Also connect to special-purpose addresses (RFC 6890: loopback, private, documentation, ...). "
     "Use this only in your own network.",
     option_read_flag, FIELD(allow_special_addresses), 0, 0},

    {OPTION_GROUP_LAB, IN_SCAN | IN_CHECK | IN_FEED, 0, "address-map", "FROM=TO[:P]", NULL, NULL,
     "connect to TO instead of FROM",
     "Connect to the addresses of the prefix TO instead of those of FROM, with the same low bits, "
     "at port P if given. Rows and limits use the original address. Repeatable.",
     option_read_address_maps, 0, 0, 0},
    {OPTION_GROUP_LAB, IN_SCAN | IN_CHECK | IN_FEED, 0, "port-map", "FROM=TO", NULL, NULL,
     "connect to port TO instead of FROM", "Connect to port TO instead of FROM. Repeatable.",
     option_read_port_maps, 0, 0, 0},

    {OPTION_GROUP_REPORTING, IN_CHECK | IN_SHOW, 'q', "quiet", NULL, NULL, NULL,
     "nothing where all is well",
     "No progress, and no report on a domain that has neither an error nor a warning: a cron job "
     "is silent as "
     "long as all is well.",
     option_read_flag, OPTION_FIELD(only_troubled), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN | IN_FEED | IN_WORK, 'q', "quiet", NULL, NULL, NULL,
     "no progress and no summary",
     "No progress and no summary on standard error, and not which column of a list the domains are "
     "taken from, which manifest.json has (inputs); errors and warnings are still reported.",
     option_read_flag, FIELD(quiet), 0, 0},
    {OPTION_GROUP_REPORTING, IN_ANALYZE, 'q', "quiet", NULL, NULL, NULL, "no summary",
     "No summary, and not what changed, on standard error; errors are still reported.",
     option_read_flag, FIELD(quiet), 0, 0},
    {OPTION_GROUP_REPORTING, IN_MERGE | IN_COLLECT, 'q', "quiet", NULL, NULL, NULL, "no summary",
     "No summary on standard error; errors, and which shards are not whole, are still reported.",
     option_read_flag, FIELD(quiet), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN, 0, "dry-run", NULL, NULL, NULL,
     "look at everything, scan nothing",
     "Look at the options, the list and the directory, make the self-test, and stop: no mail "
     "server but those of --self-test is contacted, and no file is written: messages go to "
     "standard "
     "error also with --log-file. The exit code is that of the scan if it would be refused.",
     option_read_flag, OPTION_FIELD(dry_run), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN | IN_WORK, 'u', "status-updates-file", "FILE", NULL, NULL,
     "progress as CSV, every second", "Write a CSV line with the progress every second to FILE.",
     option_read_text, FIELD(status_path), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN | IN_WORK, 0, "metrics-file", "FILE", NULL, NULL,
     "progress and end for Prometheus",
     "Keep the progress in FILE, in the text format of Prometheus; at the end exit code, findings "
     "and times as well. The file is replaced "
     "atomically; the time of the last success is taken over from it.",
     option_read_text, FIELD(metrics_path), 0, 0},
    {OPTION_GROUP_REPORTING, IN_SCAN | IN_WORK, 'l', "log-file", "FILE", NULL, "stderr",
     "log messages",
     "Append messages to FILE instead of standard error. Command-line errors still go to standard "
     "error.",
     option_read_text, FIELD(log_path), 0, 0},

    {OPTION_GROUP_OTHER, IN_ALL, 'h', "help", NULL, NULL, NULL, "show this help",
     "Show the options and exit.", NULL, 0, 0, 0},
    {OPTION_GROUP_OTHER, IN_ALL, 'V', "version", NULL, NULL, NULL, "show the version",
     "Show the version of mxcensus and exit.", NULL, 0, 0, 0},
};

const size_t option_table_count = sizeof(option_table) / sizeof(option_table[0]);

/* `check` looks at few names, for a person who waits: it asks more, and less at once. */
static const struct {
    const char *name;
    const char *value;
} check_presets[] = {
    {"implicit-mx", "dial"},  {"probes", "sni,no-sni,versions"},
    {"concurrency", "32"},    {"network-limit", "4"},
    {"operator-limit", "8"},  {"retry-pause", "5"},
    {"tempfail-pause", "30"}, {"infer", "off"},
    {"dns-retry-pause", "5"}, {"outage-max", "60"},
};

bool option_is_of(const struct option_row *row, enum command c)
{
    return (row->commands & (1U << c)) != 0;
}

bool option_is_repeatable(const struct option_row *row)
{
    static option_reader *const readers[] = {
        option_read_name_servers,  option_read_local_addrs, option_read_address_maps,
        option_read_port_maps,     option_read_self_test,   option_read_root_cas,
        option_read_intermediates, option_read_staged_host, option_read_input,
        option_read_kafka_option,
    };
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (row->read == readers[i]) {
            return true;
        }
    }
    return false;
}

const char *option_preset(const struct option_row *row, enum command c)
{
    for (size_t i = 0; c == COMMAND_CHECK && i < sizeof(check_presets) / sizeof(check_presets[0]);
         i++) {
        if (strcmp(row->name, check_presets[i].name) == 0) {
            return check_presets[i].value;
        }
    }
    return row->preset;
}

const struct command_info *command_info(enum command c)
{
    static const struct command_info infos[] = {
#define X(name, word, arguments, help) [COMMAND_##name] = {word, arguments, help},
        COMMANDS(X)
#undef X
    };
    CHECK(c < COMMAND_COUNT);
    return &infos[c];
}

const char *option_group_title(enum option_group g)
{
    static const char *const titles[] = {
#define X(name, title) [OPTION_GROUP_##name] = (title),
        OPTION_GROUPS(X)
#undef X
    };
    CHECK(g < OPTION_GROUP_COUNT);
    return titles[g];
}
