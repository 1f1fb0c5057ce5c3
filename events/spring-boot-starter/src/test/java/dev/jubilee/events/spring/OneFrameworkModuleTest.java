package dev.jubilee.events.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whoever embeds the library takes no framework with it, unless it is by this module. */
class OneFrameworkModuleTest {
    private static final String[] LIBRARIES = {
        "dev.jubilee.events..",
        "java..",
        "javax.sql..",
        "org.jspecify..",
        "org.slf4j..",
        "org.apache.kafka..",
        "com.rabbitmq.client..",
        "io.lettuce..",
        "org.postgresql..",
        "tools.jackson..",
        "com.fasterxml.jackson.annotation..",
        "io.micrometer..",
        "com.google.crypto.tink.."
    };

    /** What suites are made of, and what is reported when a server is missing. */
    private static final String[] TESTS = {
        "org.junit.jupiter..", "org.assertj..", "org.opentest4j.."
    };

    /** Every module but this one. */
    static Stream<Path> modules() throws IOException {
        Path here = Path.of("").toRealPath();
        return LibraryModules.folders().stream().filter(module -> !module.equals(here));
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theLibraryKnowsNoFramework(Path module) {
        Path compiled = module.resolve("target/classes");
        assertThat(Files.isDirectory(compiled))
                .as("%s is compiled before this: make it a dependency here", module.getFileName())
                .isTrue();
        JavaClasses classes = new ClassFileImporter().importPath(compiled);
        assertThat(classes).as("classes of %s", module.getFileName()).isNotEmpty();
        List<String> allowed = new ArrayList<>(Arrays.asList(LIBRARIES));
        if (module.endsWith("tck")) {
            allowed.addAll(Arrays.asList(TESTS));
        }

        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(allowed.toArray(String[]::new))
                .check(classes);
    }

    @Test
    void theTypesOfTheLibraryNeedNothingButJava() throws IOException {
        Path api = modules().filter(module -> module.endsWith("api")).findFirst().orElseThrow();

        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.jubilee.events..", "java..", "org.jspecify..")
                .check(new ClassFileImporter().importPath(api.resolve("target/classes")));
    }

    @Test
    void noModuleIsPassedOver() throws IOException {
        assertThat(modules().map(module -> module.getFileName().toString()))
                .contains("api", "core", "json", "kafka", "postgres", "redis", "shredding", "tck");
    }
}
