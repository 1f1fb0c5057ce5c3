package dev.jubilee.events.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Whoever embeds the library takes no framework with it, unless it is by this module. */
@AnalyzeClasses(
        packages = "dev.jubilee.events",
        importOptions = {
            ImportOption.DoNotIncludeTests.class,
            OneFrameworkModuleTest.NoTestJars.class
        })
final class OneFrameworkModuleTest {
    /** Those of the other modules are on this class path as well. */
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar") && !location.contains("/test-classes/");
        }
    }

    @ArchTest
    static final ArchRule theLibraryKnowsNoFramework =
            classes()
                    .that()
                    .resideOutsideOfPackages(
                            "dev.jubilee.events.spring..", "dev.jubilee.events.tck..")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
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
                            "io.micrometer..");
}
