cmake_minimum_required(VERSION 3.25)

# Holds every #include of a module to the module map in the root CMakeLists.txt.
#
#   cmake -D ROOT=<source tree> -D LAYERS=<file> -P check_layers.cmake
#   cmake -D SELF_CHECK=<scratch folder> -P check_layers.cmake
#
# LAYERS has one line a module: "name|dir|depends|families", lists with commas.
# A module may include its own headers, those of the modules it lists, the C library, and the
# third-party headers of the families it lists. Everything else is an error.

set(family_xxhash "^xxhash\\.h$")
set(family_uv "^uv\\.h$")
set(family_ares "^ares[a-z_]*\\.h$")
set(family_openssl "^openssl/")
set(family_idn2 "^idn2\\.h$")
set(family_libpsl "^libpsl\\.h$")
set(family_zlib "^zlib\\.h$")
set(family_zstd "^zstd(_errors)?\\.h$")
set(family_jansson "^jansson\\.h$")
set(family_curl "^curl/")
set(family_sqlite "^sqlite3\\.h$")
set(family_rdkafka "^librdkafka/rdkafka\\.h$")

# ISO C11, POSIX and Linux: what needs no package of its own.
set(system_headers "^((sys|net|netinet|arpa|linux)/[a-z0-9_/]+|assert|ctype|dirent|errno|fcntl|getopt|inttypes|limits|locale|malloc|math|netdb|poll|pthread|sched|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|termios|time|unistd)\\.h$")

# A copy of a tiny tree, once clean and once with one forbidden include at a time.
function(self_check)
    file(REMOVE_RECURSE ${SELF_CHECK})
    file(WRITE ${SELF_CHECK}/layers.txt "low|low||xxhash\nhigh|sub/high|low|uv\n")
    set(clean "#include <stdio.h>\n#include <uv.h>\n#include \"low/low.h\"\n#include \"sub/high/high.h\"\n")
    set(case_0 "")
    set(case_1 "#include \"other/other.h\"\n")    # a module that is not listed
    set(case_2 "#  include <openssl/ssl.h>\n")    # a family that is not listed
    set(case_3 "#include \"../low/low.h\"\n")     # not a path from the root
    set(case_4 "#include <event2/x.h>\n")     # a family nobody knows
    set(case_5 "#include <xxhash.h>\n")           # allowed to low, not to high
    set(case_6 "#include \"high.h\"\n")           # not a path from the root
    foreach(n RANGE 6)
        file(WRITE ${SELF_CHECK}/sub/high/high.c "${clean}${case_${n}}")
        execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${SELF_CHECK} -D LAYERS=${SELF_CHECK}/layers.txt
            -P ${CMAKE_CURRENT_LIST_FILE} RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE said)
        if(n EQUAL 0 AND NOT result EQUAL 0)
            message(FATAL_ERROR "a clean tree is refused:\n${said}")
        elseif(n GREATER 0 AND result EQUAL 0)
            message(FATAL_ERROR "not noticed: ${case_${n}}")
        endif()
    endforeach()
endfunction()

if(SELF_CHECK)
    self_check()
    return()
endif()

file(STRINGS ${LAYERS} lines)
foreach(line IN LISTS lines)
    string(REGEX MATCH "^([^|]*)[|]([^|]*)" _ "${line}")
    set(dir_of_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

set(bad "")
set(checked 0)
foreach(line IN LISTS lines)
    string(REGEX MATCH "^([^|]*)[|]([^|]*)[|]([^|]*)[|](.*)$" _ "${line}")
    set(dir ${CMAKE_MATCH_2})
    string(REPLACE "," ";" depends "${CMAKE_MATCH_3}")
    string(REPLACE "," ";" families "${CMAKE_MATCH_4}")
    set(allowed ${dir})
    foreach(d IN LISTS depends)
        list(APPEND allowed ${dir_of_${d}})
    endforeach()
    foreach(family IN LISTS families)
        if(NOT DEFINED family_${family})
            message(FATAL_ERROR "module in ${dir}: unknown header family ${family}")
        endif()
    endforeach()
    file(GLOB sources ${ROOT}/${dir}/*.c ${ROOT}/${dir}/*.h)
    foreach(source IN LISTS sources)
        file(STRINGS ${source} includes REGEX "^[ \t]*#[ \t]*include[ \t]")
        foreach(include IN LISTS includes)
            math(EXPR checked "${checked} + 1")
            set(fine FALSE)
            if(include MATCHES "\"([^\"]*)/[^/\"]*\"")
                if(CMAKE_MATCH_1 IN_LIST allowed)
                    set(fine TRUE)
                endif()
            elseif(include MATCHES "<([^>]*)>")
                set(header ${CMAKE_MATCH_1})
                if(header MATCHES "${system_headers}")
                    set(fine TRUE)
                endif()
                foreach(family IN LISTS families)
                    if(header MATCHES "${family_${family}}")
                        set(fine TRUE)
                    endif()
                endforeach()
            endif()
            if(NOT fine)
                string(APPEND bad "  ${source}: ${include}\n")
            endif()
        endforeach()
    endforeach()
endforeach()
if(bad)
    message(FATAL_ERROR "includes that the module map does not allow:\n${bad}")
endif()
if(checked EQUAL 0)
    message(FATAL_ERROR "no #include was found: is ROOT right?")
endif()
