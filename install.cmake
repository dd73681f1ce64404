# What `cmake --install` puts where: the program, the script for nights, manual pages, completions, datasets, documents.
include(GNUInstallDirs)
set(MXCENSUS_BASH_COMPLETION_DIR "${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions" CACHE STRING
    "Where bash looks for completions")
set(MXCENSUS_ZSH_COMPLETION_DIR "${CMAKE_INSTALL_DATAROOTDIR}/zsh/site-functions" CACHE STRING
    "Where zsh looks for completions")
set(MXCENSUS_FISH_COMPLETION_DIR "${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d" CACHE STRING
    "Where fish looks for completions")

# Manual pages and completions are made from the option table: nothing of them is kept beside it, so
# none can be behind it. The commands are read from their list.
file(READ ${PROJECT_SOURCE_DIR}/scanner/cli/options.h options_header)
string(REGEX MATCHALL "\n    X\\([A-Z_]+, \"[a-z-]+\", \"" MXCENSUS_COMMANDS "${options_header}")
list(TRANSFORM MXCENSUS_COMMANDS REPLACE "^[^\"]*\"([a-z-]+)\".*" "\\1")
set(made_dir ${CMAKE_CURRENT_BINARY_DIR}/made)
file(MAKE_DIRECTORY ${made_dir})
set(manual ${PROJECT_SOURCE_DIR}/docs/mxcensus.1)
set(made "")
set(pages "${manual}")
foreach(command IN LISTS MXCENSUS_COMMANDS)
    set(page ${made_dir}/mxcensus-${command}.1)
    add_custom_command(OUTPUT ${page} COMMAND print_texts manual ${command} ${manual} > ${page}
        DEPENDS print_texts ${manual} VERBATIM)
    list(APPEND made ${page})
    list(APPEND pages ${page})
endforeach()
foreach(shell bash zsh fish)
    set(script ${made_dir}/completion.${shell})
    add_custom_command(OUTPUT ${script} COMMAND print_texts completion ${shell} > ${script}
        DEPENDS print_texts VERBATIM)
    list(APPEND made ${script})
endforeach()
add_custom_target(made_texts ALL DEPENDS ${made})

# All or nothing: what is missing is told before the first file is put anywhere.
foreach(file IN LISTS made)
    install(CODE "if(NOT EXISTS \"${file}\")
    message(FATAL_ERROR \"nothing is installed: ${file} is not built; first cmake --build ${PROJECT_BINARY_DIR}\")
endif()")
endforeach()
install(TARGETS mxcensus RUNTIME)
install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made_dir}/completion.bash DESTINATION ${MXCENSUS_BASH_COMPLETION_DIR} RENAME mxcensus)
install(FILES ${made_dir}/completion.zsh DESTINATION ${MXCENSUS_ZSH_COMPLETION_DIR} RENAME _mxcensus)
install(FILES ${made_dir}/completion.fish DESTINATION ${MXCENSUS_FISH_COMPLETION_DIR} RENAME mxcensus.fish)

# The program has them built in: these are to be read, and to begin one's own from.
# Before, a link to the data was in the place of the pages' folder: what is put there would be put over the data.
install(CODE "if(IS_SYMLINK \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}/datasets\")
    file(REMOVE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}/datasets\")
endif()")
# The page about each lies with the documents that it links, and links to the data beside it.
foreach(dataset intermediates operators sender-profiles shared-operators log-patterns)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/datasets/${dataset} DESTINATION ${CMAKE_INSTALL_DATADIR}/mxcensus
        PATTERN "*.py" EXCLUDE PATTERN "README.md" EXCLUDE)
    install(FILES ${PROJECT_SOURCE_DIR}/datasets/${dataset}/README.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/datasets/${dataset})
    file(GLOB data CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/datasets/${dataset}
        ${PROJECT_SOURCE_DIR}/datasets/${dataset}/*)
    list(FILTER data EXCLUDE REGEX "\\.(py|md)$|^__pycache__$")
    file(RELATIVE_PATH data_from_page ${CMAKE_INSTALL_FULL_DOCDIR}/datasets/${dataset}
        ${CMAKE_INSTALL_FULL_DATADIR}/mxcensus/${dataset})
    file(MAKE_DIRECTORY ${made_dir}/data/${dataset})
    foreach(file IN LISTS data)
        file(CREATE_LINK ${data_from_page}/${file} ${made_dir}/data/${dataset}/${file} SYMBOLIC)
        install(FILES ${made_dir}/data/${dataset}/${file} DESTINATION ${CMAKE_INSTALL_DOCDIR}/datasets/${dataset})
    endforeach()
endforeach()

# Documents lie as in the source, so that links between them lead somewhere in both.
file(GLOB documents CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/docs/*.md
    ${PROJECT_SOURCE_DIR}/docs/cluster/*)
list(FILTER documents EXCLUDE REGEX "^docs/cluster/[a-z]+$") # folders
file(GLOB recipes CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/docs/cluster/*/*)
list(APPEND documents ${recipes})
list(APPEND documents docs/mxcensus.1 README.md CHANGELOG.md CONTRIBUTING.md LICENSE scanner/README.md tests/README.md
    tests/hostile.md bench/README.md bench/RESULTS.md)
foreach(document IN LISTS documents)
    cmake_path(GET document PARENT_PATH folder)
    install(FILES ${PROJECT_SOURCE_DIR}/${document} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()

# A scan every night; docs/nightly.md.
install(PROGRAMS ${PROJECT_SOURCE_DIR}/debian/nightly DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/mxcensus)
