package dev.jubilee.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, in a small tree of its own, with a Maven and a Java that only leave traces. */
class LauncherTest {
    /** Writes each jar into the file that is there already, as Maven does. */
    private static final String MAVEN =
            """
            #!/bin/sh
            for module in server bench; do
              mkdir -p $module/target/lib
              cat version >$module/target/jubilee-$module-0.1.0-SNAPSHOT.jar
              cat version >$module/target/lib/jubilee-events-0.1.0-SNAPSHOT.jar
              [ -f $module/target/lib/other-1.jar ] || echo other >$module/target/lib/other-1.jar
            done
            """;

    /** Says what it would run, and runs until it is told to end. */
    private static final String JAVA =
            """
            #!/bin/sh
            while [ "$1" != -cp ]; do
              case $1 in -XX:AOTCache=*) echo "$1" >"$TRACE.cache" ;; esac
              shift
            done
            echo "$2" >"$TRACE.new"; mv "$TRACE.new" "$TRACE"
            while [ ! -f "$TRACE.end" ]; do sleep 0.05; done
            """;

    /** Goes on building until it may finish, and tells when another does too. */
    private static final String STAYING =
            """
            mkdir one 2>/dev/null || : >two
            : >$TRACE.builds
            while [ ! -f finish ]; do /bin/sleep 0.05; done
            rmdir one 2>/dev/null
            exit 0
            """;

    /** Says before it removes a lock, and waits until it may. */
    private static final String SLOW_RM =
            """
            #!/bin/sh
            case $TRACE-$* in */slow.trace-*/target/building)
              : >$TRACE.removes
              while [ ! -f "$TRACE.go" ]; do /bin/sleep 0.05; done ;;
            esac
            exec /bin/rm "$@"
            """;

    @TempDir Path tree;
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void plant() throws IOException {
        Files.copy(
                Path.of("../jubilee"), tree.resolve("jubilee"), StandardCopyOption.COPY_ATTRIBUTES);
        script("tools/mvn", MAVEN);
        script("jdk/bin/java", JAVA);
        script("jdk/bin/javac", "#!/bin/sh\n");
        write("jdk/release", "JAVA_VERSION=\"25.0.1\"\n");
        write("pom.xml", "");
        for (String module : List.of("server", "bench", "events/api")) {
            write(module + "/pom.xml", "");
            Files.createDirectories(tree.resolve(module + "/src/main"));
        }
        source("first", Instant.parse("2026-01-01T00:00:00Z"));
    }

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void neitherABuildNorATestRunChangesOrRemovesWhatRuns() throws Exception {
        Running first = up("first");
        assertThat(first.jars()).containsExactly("first", "first", "other");

        Files.writeString(tree.resolve("version"), "tested\n");
        run("test", "test").waitFor();
        assertThat(tree.resolve("server/target/lib/jubilee-events-0.1.0-SNAPSHOT.jar"))
                .hasContent("tested");
        assertThat(first.jars()).containsExactly("first", "first", "other");

        source("second", Instant.now().plusSeconds(60));
        assertThat(run("build", "build").waitFor()).isZero();
        assertThat(first.jars()).containsExactly("first", "first", "other");

        Running second = up("second");
        assertThat(second.jars()).containsExactly("second", "second", "other");
        assertThat(first.jars()).containsExactly("first", "first", "other");
    }

    @Test
    void whatWasNotRunIsNamedWithItsReason() throws Exception {
        write(
                "surefire.xml",
                """
                <testsuite name="dev.jubilee.BusTest" tests="3" errors="0" skipped="2" failures="0">
                  <testcase name="goes" classname="dev.jubilee.BusTest" time="0.1"/>
                  <testcase name="kills" classname="dev.jubilee.BusTest" time="0.0">
                    <skipped type="org.opentest4j.TestAbortedException"><![CDATA[org.opentest4j.TestAbortedException: not ours
                    at dev.jubilee.BusTest.kills(BusTest.java:59)
                ]]></skipped>
                  </testcase>
                  <testcase name="rests" classname="dev.jubilee.BusTest" time="0.0">
                    <skipped message="not today" type="skipped"/>
                  </testcase>
                </testsuite>
                """);
        script(
                "tools/mvn",
                """
                #!/bin/sh
                mkdir -p server/target/surefire-reports
                sleep 0.05 # later than the start, also where files have coarse times
                cp surefire.xml server/target/surefire-reports/TEST-dev.jubilee.BusTest.xml
                """);

        assertThat(run("test", "test").waitFor()).isZero();

        assertThat(Files.readAllLines(tree.resolve("test.log")))
                .containsExactly(
                        "not run: BusTest.kills: not ours",
                        "not run: BusTest.rests: not today",
                        "1 passed, 0 failed");
    }

    @Test
    void aCopyThatNothingRunsFromGoesWithTheNextBuild() throws Exception {
        Running first = up("first");
        first.end();
        source("second", Instant.now().plusSeconds(60));
        assertThat(run("build", "build").waitFor()).isZero();
        assertThat(first.classPath().getFirst()).doesNotExist();
        try (Stream<Path> copies = Files.list(tree.resolve(".programs"))) {
            assertThat(copies.filter(Files::isDirectory)).hasSize(1);
        }
    }

    @Test
    void withoutAChangeTheSameCopyRunsAgain() throws Exception {
        Running first = up("first");
        first.end();
        assertThat(up("again").classPath()).isEqualTo(first.classPath());
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void aLockThatNobodyHoldsDoesNotHoldUpABuild() throws Exception {
        lockOfOneThatIsGone();
        assertThat(run("build", "build").waitFor()).isZero();
        assertThat(isLocked()).isFalse();
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void ofTwoThatFindALockThatNobodyHoldsOneBuildsAtATime() throws Exception {
        lockOfOneThatIsGone();
        script("tools/rm", SLOW_RM);
        script("tools/sleep", "#!/bin/sh\n: >$TRACE.waits\nexec /bin/sleep \"$@\"\n");
        script("tools/mvn", MAVEN + STAYING);
        Process slow = run("slow", "build");
        Await.until("the first is about to remove the lock", () -> exists("slow.trace.removes"));
        Process quick = run("quick", "build");
        Await.until(
                "the second builds or waits",
                () -> exists("quick.trace.builds") || exists("quick.trace.waits"));
        write("slow.trace.go", "");
        Await.until(
                "one builds, and the other too or waits",
                () ->
                        exists("two")
                                || (exists("slow.trace.builds") && exists("quick.trace.waits"))
                                || (exists("quick.trace.builds") && exists("slow.trace.waits")));
        write("finish", "");

        assertThat(slow.waitFor()).isZero();
        assertThat(quick.waitFor()).isZero();
        assertThat(exists("two")).isFalse();
        assertThat(isLocked()).isFalse();
    }

    private void lockOfOneThatIsGone() throws Exception {
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Files.createDirectories(tree.resolve("target"));
        Files.createSymbolicLink(
                tree.resolve("target/building"), Path.of(Long.toString(gone.pid())));
    }

    private boolean isLocked() {
        return Files.isSymbolicLink(tree.resolve("target/building"));
    }

    private boolean exists(String path) {
        return Files.exists(tree.resolve(path));
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void whereNothingCanBeWrittenABuildSaysSo() throws Exception {
        // Root may write everywhere, but nobody into a file.
        write("target", "");
        assertThat(run("build", "build").waitFor()).isNotZero();
        assertThat(tree.resolve("build.log")).content().contains("cannot write to", "target");
    }

    @Test
    void aStartUpCacheIsUsedForTheClassPathThatItWasMadeForAndForNoOther() throws Exception {
        Running first = up("first");
        assertThat(first.cache()).isEmpty();
        write("home/cache/program.aot", "");
        write("home/cache/classpath", Files.readString(first.trace).strip());
        first.end();

        Running again = up("again");
        assertThat(again.cache())
                .contains("-XX:AOTCache=" + tree.resolve("home/cache/program.aot"));
        again.end();

        // The same jars as far as the JVM can see, in the folder of another build.
        source("first", Instant.now().plusSeconds(60));
        assertThat(up("second").cache()).isEmpty();
    }

    private record Running(Process process, Path trace) {
        /** The option by which it was given the cache. */
        Optional<String> cache() throws IOException {
            Path option = trace.resolveSibling(trace.getFileName() + ".cache");
            return Files.exists(option)
                    ? Optional.of(Files.readString(option).strip())
                    : Optional.empty();
        }

        List<Path> classPath() throws IOException {
            return Stream.of(Files.readString(trace).strip().split(":", -1)).map(Path::of).toList();
        }

        List<String> jars() throws IOException {
            List<String> contents = new ArrayList<>();
            for (Path jar : classPath()) {
                contents.add(Files.readString(jar).strip());
            }
            return contents;
        }

        void end() throws Exception {
            Files.createFile(trace.resolveSibling(trace.getFileName() + ".end"));
            process.waitFor();
        }
    }

    private Running up(String name) throws IOException {
        Process process = run(name, "up");
        Path trace = tree.resolve(name + ".trace");
        Await.until("it runs", () -> Files.exists(trace));
        return new Running(process, trace);
    }

    private Process run(String name, String command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(tree.resolve("jubilee").toString(), command)
                        .redirectErrorStream(true)
                        .redirectOutput(tree.resolve(name + ".log").toFile());
        Map<String, String> environment = builder.environment();
        environment.put("PATH", tree.resolve("tools") + ":" + environment.get("PATH"));
        environment.put("JAVA_HOME", tree.resolve("jdk").toString());
        environment.put("JUBILEE_HOME", tree.resolve("home").toString());
        environment.put("TRACE", tree.resolve(name + ".trace").toString());
        Process process = builder.start();
        started.add(process);
        return process;
    }

    /** What the next build makes its jars of. */
    private void source(String version, Instant changed) throws IOException {
        write("version", version + "\n");
        write("server/src/main/Main.java", version);
        Files.setLastModifiedTime(
                tree.resolve("server/src/main/Main.java"), FileTime.from(changed));
    }

    private void write(String path, String content) throws IOException {
        Path file = tree.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private void script(String path, String content) throws IOException {
        write(path, content);
        Files.setPosixFilePermissions(
                tree.resolve(path), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
