# SPDX-License-Identifier: Apache-2.0
# One folder is one library, one namespace and one test program.

option(BERTH_SANITIZE "Sanitizers to build with: empty, address;undefined or thread" "")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
                    -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-designated-field-initializers -Werror -fno-omit-frame-pointer)
include_directories(${CMAKE_SOURCE_DIR}/src)
add_compile_options("$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")  # ccache compares contents
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)  # and every checkout makes the same bytes
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BERTH_VERSION="${PROJECT_VERSION}")
if(BERTH_SANITIZE)
  string(REPLACE ";" "," sanitizers "${BERTH_SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitizers})
endif()

# berth_folder(name [PRECOMPILE] [DEPENDS libraries...] [PRIVATE libraries...])
# Makes library berth_<name> of every source beside the caller but main.cc and *_test.cc,
# and test program berth_<name>_test of the *_test.cc. PRECOMPILE pays from about five sources with coroutines on.
function(berth_folder name)
  cmake_parse_arguments(FOLDER "PRECOMPILE" "" "DEPENDS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  if(sources)
    add_library(berth_${name} STATIC ${sources})
    target_link_libraries(berth_${name} PUBLIC ${FOLDER_DEPENDS} Threads::Threads PRIVATE ${FOLDER_PRIVATE})
    if(FOLDER_PRECOMPILE)
      target_precompile_headers(berth_${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
    endif()
  else()
    add_library(berth_${name} INTERFACE)
    target_link_libraries(berth_${name} INTERFACE ${FOLDER_DEPENDS} Threads::Threads)
  endif()
  if(tests AND BUILD_TESTING)
    add_executable(berth_${name}_test ${tests})
    target_link_libraries(berth_${name}_test PRIVATE berth_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    berth_discover(berth_${name}_test)
  endif()
endfunction()

# Each program of unit tests is one CTest entry: starting a process per case costs more than the cases.
function(berth_discover program)
  add_test(NAME ${program} COMMAND ${program} --gtest_brief=1)
  set_tests_properties(${program} PROPERTIES TIMEOUT 120 LABELS unit)
endfunction()

# The agent that tests put into instances. It is static, which no program with sanitizers can be: those presets take the
# one of the release preset, which tools/test builds first.
if(BERTH_SANITIZE)
  set(BERTH_STATIC_AGENT ${CMAKE_SOURCE_DIR}/build/release/bin/berth-agent)
else()
  set(BERTH_STATIC_AGENT ${CMAKE_BINARY_DIR}/bin/berth-agent)
endif()
