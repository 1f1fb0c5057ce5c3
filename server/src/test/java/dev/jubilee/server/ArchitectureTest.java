package dev.jubilee.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The dependency rules of the platform: one direction, and nothing but the composition root knows
 * everything.
 */
@AnalyzeClasses(packages = "dev.jubilee", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {

    @ArchTest
    static final ArchRule noPackageCycles =
            slices().matching("dev.jubilee.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule theBusKnowsNothingOfLiveOps =
            noClasses()
                    .that()
                    .resideInAPackage("dev.jubilee.server.bus..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.jubilee.server.liveops..", "dev.jubilee.server.players..");

    @ArchTest
    static final ArchRule theLibraryKnowsNothingOfTheServer =
            noClasses()
                    .that()
                    .resideInAPackage("dev.jubilee.events..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("dev.jubilee.server..");

    @ArchTest
    static final ArchRule nothingThatThePlatformShipsKnowsSpring =
            noClasses().should().dependOnClassesThat().resideInAPackage("org.springframework..");

    @ArchTest
    static final ArchRule onlyTheEdgeKnowsVertx =
            noClasses()
                    .that()
                    .resideOutsideOfPackages("dev.jubilee.server.http..", "dev.jubilee.server")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.vertx..");

    @ArchTest
    static final ArchRule onlyTheCommandLineKnowsTheCompositionRoot =
            classes()
                    .that()
                    .haveFullyQualifiedName("dev.jubilee.server.Jubilee")
                    .should()
                    .onlyBeAccessed()
                    .byAnyPackage("dev.jubilee.server", "dev.jubilee.server.cli");

    @ArchTest
    static final ArchRule nobodyReadsTheSystemClock =
            noClasses()
                    .that()
                    .resideInAnyPackage("dev.jubilee.server.liveops..", "dev.jubilee.server.bus..")
                    .should()
                    .callMethod(System.class, "currentTimeMillis")
                    .orShould()
                    .callMethod(java.time.Instant.class, "now");
}
