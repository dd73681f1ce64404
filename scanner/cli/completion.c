#include "scanner/cli/completion.h"

#include "scanner/cli/completion_values.h"

/** Inside single quotes, with a backslash in front of what is in `special`. */
static void put_quoted(struct buf *b, const char *text, const char *special)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            buf_put_text(b, "'\\''");
        } else {
            buf_put_text(b, strchr(special, *at) != NULL ? "\\" : "");
            buf_put_char(b, *at);
        }
    }
}

/** For bash and zsh: the columns of a table, or of all, that --fields takes. */
static void put_columns_function(struct buf *b)
{
    buf_put_text(b, "_mxcensus_columns() {\n"
                    "    local table\n"
                    "    case $1 in\n");
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        buf_putf(b, "    (%s) echo '", table_name((enum table_id)t));
        completion_put_fields(b, (enum table_id)t);
        buf_put_text(b, "' ;;\n");
    }
    buf_put_text(b, "    (*)\n        for table in ");
    completion_put_tables(b);
    buf_put_text(b, "; do\n"
                    "            _mxcensus_columns $table\n"
                    "        done\n"
                    "        ;;\n"
                    "    esac\n"
                    "}\n"
                    "\n");
}

/* --- bash ----------------------------------------------------------------------------------- */

static const char *const bash_kinds[] = {
    [VALUE_NONE] = "any",      [VALUE_ANY] = "any",   [VALUE_WORD] = "word",
    [VALUE_WORDS] = "list",    [VALUE_FILE] = "file", [VALUE_DIRECTORY] = "directory",
    [VALUE_FIELDS] = "fields", [VALUE_CODE] = "code", [VALUE_TABLE] = "word",
};

static void bash_put_value(struct buf *b, const struct option_row *row, enum command c)
{
    enum value_kind kind = value_kind_of(row);
    const char *word = command_info(c)->word;
    if (kind == VALUE_NONE) {
        return;
    }
    buf_putf(b, "    %s:--%s", word, row->name);
    if (row->letter != 0) {
        buf_putf(b, " | %s:-%c", word, row->letter);
    }
    buf_put_text(b, ") ");
    switch (kind) {
    case VALUE_WORD:
    case VALUE_WORDS:
        buf_putf(b, "kind=%s words='", kind == VALUE_WORD ? "word" : "list");
        value_put_words(b, row);
        buf_put_text(b, "' ;;\n");
        break;
    case VALUE_FIELDS:
    case VALUE_FILE:
    case VALUE_DIRECTORY:
    case VALUE_CODE:
    case VALUE_TABLE:
    case VALUE_NONE:
    case VALUE_ANY:
        buf_putf(b, "kind=%s ;;\n", bash_kinds[kind]);
        break;
    }
}

static void bash_put_command(struct buf *b, enum command c)
{
    buf_putf(b, "    %s)\n        kind=%s\n", command_info(c)->word,
             bash_kinds[argument_kind_of(c)]);
    if (argument_kind_of(c) == VALUE_TABLE) {
        buf_put_text(b, "        words='");
        completion_put_tables(b);
        buf_put_text(b, "'\n");
    }
    buf_put_text(b, "        options='");
    const char *between = "";
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_is_of(&option_table[i], c)) {
            buf_putf(b, "%s--%s", between, option_table[i].name);
            between = " ";
        }
    }
    buf_put_text(b, "'\n        ;;\n");
}

static void bash_put(struct buf *b)
{
    buf_put_text(b, "# bash completion for mxcensus, made from its option table\n");
    put_columns_function(b);
    buf_put_text(
        b,
        "_mxcensus()\n"
        "{\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local command=${COMP_WORDS[1]} kind=any options= words= head= table= word= left= i\n"
        "    COMPREPLY=()\n"
        "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W '");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "%s ", command_info(c)->word);
    }
    buf_put_text(b,
                 "help version --help --version' -- \"$cur\")\n"
                 "        return\n"
                 "    fi\n"
                 "    # An equals sign is a word of its own: --format=csv, --root-cas NAME=FILE.\n"
                 "    if [[ $cur == = ]]; then\n"
                 "        cur=\n"
                 "    elif [[ $prev == = ]]; then\n"
                 "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                 "        [[ $prev == -* ]] || prev=${COMP_WORDS[COMP_CWORD - 3]}\n"
                 "    fi\n"
                 "    case $command in\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        bash_put_command(b, c);
    }
    buf_put_text(b, "    help) kind=word words='");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "%s%s", c > 0 ? " " : "", command_info(c)->word);
    }
    buf_put_text(b, "' ;;\n"
                    "    esac\n"
                    "    case $command:$prev in\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        for (size_t i = 0; i < option_table_count; i++) {
            if (option_is_of(&option_table[i], c)) {
                bash_put_value(b, &option_table[i], c);
            }
        }
    }
    buf_put_text(b, "    *)\n"
                    "        [[ $cur != -* ]] || kind=word words=$options\n"
                    "        ;;\n"
                    "    esac\n"
                    "    if [[ $kind == fields ]]; then\n"
                    "        for ((i = 2; i < COMP_CWORD; i++)); do\n"
                    "            [[ ${COMP_WORDS[i]} == --stdout ]] || continue\n"
                    "            table=${COMP_WORDS[i + 1]}\n"
                    "            [[ $table != = ]] || table=${COMP_WORDS[i + 2]}\n"
                    "        done\n"
                    "        kind=list words=$(_mxcensus_columns \"$table\")\n"
                    "    fi\n"
                    "    case $kind in\n"
                    "    word) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
                    "    list)\n"
                    "        [[ $cur != *,* ]] || head=${cur%,*},\n"
                    "        for word in $words; do\n"
                    "            [[ ,$head == *,$word,* ]] || left+=\" $word\"\n"
                    "        done\n"
                    "        mapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$left\" -- "
                    "\"${cur##*,}\")\n"
                    "        compopt -o nospace 2>/dev/null\n"
                    "        ;;\n"
                    "    file | directory | code)\n"
                    "        compopt -o filenames 2>/dev/null\n"
                    "        if [[ $kind == directory ]]; then\n"
                    "            mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
                    "        else\n"
                    "            mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                    "        fi\n"
                    "        ;;\n"
                    "    esac\n"
                    "    if [[ $kind == code ]]; then\n"
                    "        words='");
    completion_put_codes(b);
    buf_put_text(b, "'\n"
                    "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$words\" -- "
                    "\"$cur\")\n"
                    "    fi\n"
                    "} && complete -F _mxcensus mxcensus\n");
}

/* --- zsh ------------------------------------------------------------------------------------ */

/** An argument of _arguments: '(-o --output)'{-o,--output=}'[help]:DIR:_files -/' */
static void zsh_put_option(struct buf *b, const struct option_row *row)
{
    enum value_kind kind = value_kind_of(row);
    const char *equals = kind == VALUE_NONE ? "" : "=";
    const char *again = kind == VALUE_NONE ? "" : "*"; /* a list may be given more than once */
    if (row->letter != 0 && kind == VALUE_NONE) {
        buf_putf(b, "            '(-%c --%s)'{-%c,--%s}'", row->letter, row->name, row->letter,
                 row->name);
    } else if (row->letter != 0) {
        buf_putf(b, "            '*'{-%c,--%s=}'", row->letter, row->name);
    } else {
        buf_putf(b, "            '%s--%s%s", again, row->name, equals);
    }
    buf_put_char(b, '[');
    put_quoted(b, row->help, "[]\\");
    buf_put_char(b, ']');
    if (kind != VALUE_NONE) {
        buf_put_char(b, ':');
        put_quoted(b, row->argument, ":\\");
        buf_put_char(b, ':');
    }
    switch (kind) {
    case VALUE_WORD:
        buf_put_char(b, '(');
        value_put_words(b, row);
        buf_put_char(b, ')');
        break;
    case VALUE_WORDS: /* with a space in front nothing comes between the function and its words */
        buf_put_text(b, " _mxcensus_list ");
        value_put_words(b, row);
        break;
    case VALUE_FIELDS:
        buf_put_text(b, " _mxcensus_fields");
        break;
    case VALUE_FILE:
        buf_put_text(b, "_files");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, "_files -/");
        break;
    case VALUE_CODE:
    case VALUE_TABLE:
    case VALUE_NONE:
    case VALUE_ANY:
        break;
    }
    buf_put_text(b, "' \\\n");
}

static void zsh_put_command(struct buf *b, enum command c)
{
    buf_putf(b, "        (%s)\n            _arguments -s -S \\\n", command_info(c)->word);
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_is_of(&option_table[i], c)) {
            zsh_put_option(b, &option_table[i]);
        }
    }
    buf_putf(b, "            '%s:", argument_kind_of(c) == VALUE_TABLE ? "1" : "*");
    put_quoted(b, command_info(c)->arguments, ":\\");
    buf_put_char(b, ':');
    switch (argument_kind_of(c)) {
    case VALUE_FILE:
        buf_put_text(b, "_files");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, "_files -/");
        break;
    case VALUE_CODE:
        buf_put_text(b, "_mxcensus_names");
        break;
    case VALUE_TABLE:
        buf_put_char(b, '(');
        completion_put_tables(b);
        buf_put_char(b, ')');
        break;
    case VALUE_WORD:
    case VALUE_WORDS:
    case VALUE_FIELDS:
    case VALUE_NONE:
    case VALUE_ANY:
        break;
    }
    buf_put_text(b, "'\n            ;;\n");
}

static void zsh_put(struct buf *b)
{
    buf_put_text(b, "#compdef mxcensus\n"
                    "# zsh completion for mxcensus, made from its option table\n"
                    "\n");
    put_columns_function(b);
    buf_put_text(b, "# Behind the last comma, without what stands in front of it.\n"
                    "_mxcensus_list() {\n"
                    "    compset -P '*,'\n"
                    "    compset -S ',*'\n"
                    "    local -a given=(${(s:,:)${IPREFIX#--*=}})\n"
                    "    compadd -q -S , -- ${@:|given}\n"
                    "}\n"
                    "\n"
                    "_mxcensus_fields() {\n"
                    "    _mxcensus_list ${=$(_mxcensus_columns ${opt_args[--stdout]##*:})}\n"
                    "}\n"
                    "\n"
                    "_mxcensus_names() {\n"
                    "    local -a codes=(");
    completion_put_codes(b);
    buf_put_text(b, ")\n"
                    "    _alternative 'codes:finding:compadd -a codes' 'files:file:_files'\n"
                    "}\n"
                    "\n"
                    "_mxcensus() {\n"
                    "    local curcontext=$curcontext state line\n"
                    "    typeset -A opt_args\n"
                    "    local -a commands=(\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "        '%s:", command_info(c)->word);
        put_quoted(b, command_info(c)->help, ":\\");
        buf_put_text(b, "'\n");
    }
    buf_put_text(b, "        'help:show the options of a command'\n"
                    "        'version:show the version'\n"
                    "    )\n"
                    "    _arguments -C '(- *)'{-h,--help}'[show this help]' \\\n"
                    "        '(- *)'{-V,--version}'[show the version]' \\\n"
                    "        '1:command:->command' '*::argument:->argument' && return\n"
                    "    case $state in\n"
                    "    (command) _describe -t commands command commands ;;\n"
                    "    (argument)\n"
                    "        case $words[1] in\n"
                    "        (help) _describe -t commands command commands ;;\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        zsh_put_command(b, c);
    }
    buf_put_text(b, "        esac\n"
                    "        ;;\n"
                    "    esac\n"
                    "}\n"
                    "\n"
                    "_mxcensus \"$@\"\n");
}

/* --- fish ----------------------------------------------------------------------------------- */

static void fish_put_option(struct buf *b, const struct option_row *row, enum command c)
{
    enum value_kind kind = value_kind_of(row);
    buf_putf(b, "complete -c mxcensus -n '__mxcensus_is %s' -l %s", command_info(c)->word,
             row->name);
    if (row->letter != 0) {
        buf_putf(b, " -s %c", row->letter);
    }
    switch (kind) {
    case VALUE_WORD:
        buf_put_text(b, " -x -a '");
        value_put_words(b, row);
        buf_put_text(b, "'");
        break;
    case VALUE_WORDS:
        buf_put_text(b, " -x -a '(__mxcensus_list ");
        value_put_words(b, row);
        buf_put_text(b, ")'");
        break;
    case VALUE_FIELDS:
        buf_put_text(b, " -x -a '(__mxcensus_list (__mxcensus_columns (__mxcensus_stdout)))'");
        break;
    case VALUE_FILE:
        buf_put_text(b, " -r -F");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, " -x -a '(__fish_complete_directories)'");
        break;
    case VALUE_CODE:
    case VALUE_TABLE:
    case VALUE_ANY:
        buf_put_text(b, " -x");
        break;
    case VALUE_NONE:
        buf_put_text(b, " -f");
        break;
    }
    buf_put_text(b, " -d '");
    for (const char *at = row->help; *at != '\0'; at++) {
        buf_put_text(b, *at == '\'' || *at == '\\' ? "\\" : "");
        buf_put_char(b, *at);
    }
    buf_put_text(b, "'\n");
}

static void fish_put_words(struct buf *b, enum command c)
{
    buf_putf(b, "complete -c mxcensus -n '__mxcensus_is %s'", command_info(c)->word);
    switch (argument_kind_of(c)) {
    case VALUE_FILE:
        buf_put_text(b, " -F\n");
        break;
    case VALUE_DIRECTORY:
        buf_put_text(b, " -f -a '(__fish_complete_directories)'\n");
        break;
    case VALUE_CODE:
        buf_put_text(b, " -F -a '");
        completion_put_codes(b);
        buf_put_text(b, "'\n");
        break;
    case VALUE_TABLE:
        buf_put_text(b, " -f -a '");
        completion_put_tables(b);
        buf_put_text(b, "'\n");
        break;
    case VALUE_WORD:
    case VALUE_WORDS:
    case VALUE_FIELDS:
    case VALUE_NONE:
    case VALUE_ANY:
        buf_put_text(b, " -f\n");
        break;
    }
}

static void fish_put_columns(struct buf *b)
{
    buf_put_text(b, "function __mxcensus_columns\n"
                    "    switch \"$argv[1]\"\n");
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        buf_putf(b, "        case %s\n            string split ' ' '",
                 table_name((enum table_id)t));
        completion_put_fields(b, (enum table_id)t);
        buf_put_text(b, "'\n");
    }
    buf_put_text(b, "        case '*'\n            for table in ");
    completion_put_tables(b);
    buf_put_text(b, "\n"
                    "                __mxcensus_columns $table\n"
                    "            end\n"
                    "    end\n"
                    "end\n");
}

static void fish_put(struct buf *b)
{
    buf_put_text(b, "# fish completion for mxcensus, made from its option table\n"
                    "function __mxcensus_is\n"
                    "    set -l words (commandline -opc)\n"
                    "    test (count $words) -ge 2; and test \"$words[2]\" = \"$argv[1]\"\n"
                    "end\n"
                    "function __mxcensus_begins\n"
                    "    test (count (commandline -opc)) -eq 1\n"
                    "end\n"
                    "# Behind the last comma, without what stands in front of it.\n"
                    "function __mxcensus_list\n"
                    "    set -l typed (commandline -ct | string replace -r -- '^--[a-z-]+=' '')\n"
                    "    set -l head (string match -r -- '^.*,' $typed)\n"
                    "    set -l given (string split , -- \"$head\")\n"
                    "    for word in $argv\n"
                    "        contains -- $word $given; or printf '%s%s\\n' \"$head\" $word\n"
                    "    end\n"
                    "end\n"
                    "# The table that --stdout names.\n"
                    "function __mxcensus_stdout\n"
                    "    set -l next 0\n"
                    "    for word in (commandline -opc)\n"
                    "        test $next = 1; and echo -- $word\n"
                    "        string replace -f -- --stdout= '' $word\n"
                    "        set next (test $word = --stdout; and echo 1; or echo 0)\n"
                    "    end\n"
                    "end\n");
    fish_put_columns(b);
    buf_put_text(b,
                 "complete -c mxcensus -n __mxcensus_begins -f -l help -s h -d 'show this help'\n"
                 "complete -c mxcensus -n __mxcensus_begins -f -l version -s V -d 'show the "
                 "version'\n"
                 "complete -c mxcensus -n __mxcensus_begins -f -a help -d 'show the options of "
                 "a command'\n"
                 "complete -c mxcensus -n __mxcensus_begins -f -a version -d 'show the version'\n");
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        buf_putf(b, "complete -c mxcensus -n __mxcensus_begins -f -a %s -d '%s'\n",
                 command_info(c)->word, command_info(c)->help);
        buf_putf(b, "complete -c mxcensus -n '__mxcensus_is help' -f -a %s\n",
                 command_info(c)->word);
    }
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        fish_put_words(b, c);
        for (size_t i = 0; i < option_table_count; i++) {
            if (option_is_of(&option_table[i], c)) {
                fish_put_option(b, &option_table[i], c);
            }
        }
    }
}

bool completion_put(struct buf *b, const char *shell)
{
    if (strcmp(shell, "bash") == 0) {
        bash_put(b);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh_put(b);
    } else if (strcmp(shell, "fish") == 0) {
        fish_put(b);
    } else {
        return false;
    }
    return true;
}
