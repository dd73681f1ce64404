cmake_minimum_required(VERSION 3.25)

# The OPTIONS section of the manual page is what the option table gives.
#
#   cmake -D PRINT=<print_texts> -D MANUAL=<mxcensus.1> [-D WRITE=ON] -P check_manual.cmake
#
# With WRITE the page is brought up to date; without, a difference is an error.

set(begin ".\\\" BEGIN generated from scanner/cli/option_table.c\n")
set(end ".\\\" END generated\n")

execute_process(COMMAND ${PRINT} options OUTPUT_VARIABLE options COMMAND_ERROR_IS_FATAL ANY)
file(READ ${MANUAL} page)
string(FIND "${page}" "${begin}" from)
string(FIND "${page}" "${end}" to)
if(from EQUAL -1 OR to LESS from)
    message(FATAL_ERROR "${MANUAL} has no generated part")
endif()
string(LENGTH "${begin}" length)
math(EXPR from "${from} + ${length}")
string(SUBSTRING "${page}" 0 ${from} head)
string(SUBSTRING "${page}" ${to} -1 tail)
if(WRITE)
    file(WRITE ${MANUAL} "${head}${options}${tail}")
elseif(NOT page STREQUAL "${head}${options}${tail}")
    message(FATAL_ERROR "the OPTIONS in ${MANUAL} are not those of the option table; "
        "build the target manual to bring them up to date")
endif()
