# Tests of rtl/core and rtl/shell, with the tables of rtl/pe (src/accel runs networks).
set(rtl_dir ${CMAKE_CURRENT_SOURCE_DIR})
file(GLOB plut_sources CONFIGURE_DEPENDS ${rtl_dir}/core/*.sv ${rtl_dir}/shell/*.sv ${rtl_dir}/pe/*.sv
  ${rtl_dir}/prim/*.sv)
list(REMOVE_ITEM plut_sources ${rtl_dir}/core/plut_pkg.sv ${rtl_dir}/pe/pe_pkg.sv)
list(PREPEND plut_sources ${rtl_dir}/core/plut_pkg.sv ${rtl_dir}/pe/pe_pkg.sv)

# potlut_core_test(NAME pair layers lanes group): an accelerator with single or pair tables, and the tests that run on it,
# random layers among them. Lanes need not be a power of two.
function(potlut_core_test name pair layers lanes group)
  add_executable(${name} ${rtl_dir}/test/core_test.cc ${rtl_dir}/test/core_vector_test.cc
    ${rtl_dir}/test/core_fault_test.cc ${rtl_dir}/test/core_layer.cc)
  target_link_libraries(${name} PRIVATE potlut_program GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${rtl_dir}/test)
  target_compile_definitions(${name} PRIVATE CORE_LANES=${lanes} CORE_PAIR=${pair} CORE_LAYERS=${layers}
    CORE_HEADER="V${name}.h" CORE_TOP=V${name})
  potlut_verilate(${name} SOURCES ${plut_sources} TOP_MODULE plut_top PREFIX V${name}
    VERILATOR_ARGS -Wall -O3 --x-assign fast -GLANES=${lanes} -GGROUP=${group} -GDRAIN=${group} -GPAIR=${pair} -GMODEL=0 -GA_WORDS=8192
      -GW_WORDS=65536 -GSUM_WORDS=512
    OPT_FAST -O2)
  gtest_discover_tests(${name} TEST_PREFIX "rtl.${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()
potlut_core_test(rtl_top_single 0 250 8 4)
potlut_core_test(rtl_top_pair 1 100 10 5)

add_test(NAME rtl.lint COMMAND ${rtl_dir}/test/lint.sh ${PROJECT_SOURCE_DIR})
set_tests_properties(rtl.lint PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED" TIMEOUT 600)
