package dev.jubilee.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program as a process, as the user who runs the tests and, when that is root, as an ordinary
 * one too.
 */
class UpTest {
    private static final int NOBODY = 65_534;
    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");

    @TempDir Path folder;
    private Path home = Path.of("");

    @BeforeEach
    void newHome() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        home = folder.resolve("home");
    }

    @Test
    void afterAKillNoChildStays() throws Exception {
        try (Program program = Program.start(home).ready()) {
            List<ProcessHandle> children = program.children();
            assertThat(children).isNotEmpty();
            program.kill();
            Await.until(
                    "every child ends", () -> children.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void aProgramThatIsStartedWhileItsKilledForerunnersChildrenAreStillEndingFindsTheData()
            throws Exception {
        try (Program program = Program.start(home).ready()) {
            write(program);
            program.kill();
        }
        try (Program program = Program.start(home).ready()) {
            assertThat(rows(program)).isEqualTo(1);
            program.stop();
        }
    }

    @Test
    void askedToEndItStopsItsChildrenFirst() throws Exception {
        try (Program program = Program.start(home).ready()) {
            List<ProcessHandle> children = program.children();
            assertThat(program.stop()).isEqualTo(143);
            assertThat(children).noneMatch(ProcessHandle::isAlive);
        }
        assertThat(home.resolve("postgresql/data/postmaster.pid")).doesNotExist();
    }

    @Test
    void anOrdinaryUsersDataIsServedToThatUserAndThenToRoot() throws Exception {
        assumeTrue(isRoot(), "only root can become somebody else");
        String classPath =
                Program.copyOfClassPath(Files.createDirectory(folder.resolve("programs")));
        Files.createDirectory(home);
        Files.setAttribute(home, "unix:uid", NOBODY);
        try (Program program = Program.start(home, AS_NOBODY, classPath, Map.of()).ready()) {
            write(program);
            program.stop();
        }
        assertThat(ownerOf(home.resolve("postgresql/data"))).isEqualTo(NOBODY);
        try (Program program = Program.start(home).ready()) {
            assertThat(rows(program)).isEqualTo(1);
            program.stop();
        }
    }

    @Test
    void aFolderThatMayNotBeWrittenIsNamedInOneLine() throws Exception {
        List<String> prefix = isRoot() ? AS_NOBODY : List.of();
        String classPath =
                Program.copyOfClassPath(Files.createDirectory(folder.resolve("programs")));
        Files.createDirectory(
                home,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        try (Program program = Program.start(home, prefix, classPath, Map.of())) {
            assertThat(program.exitCode()).isEqualTo(1);
            assertThat(program.output())
                    .isEqualTo(
                            "jubilee: Cannot write to the data folder "
                                    + home
                                    + ": permission denied");
        }
    }

    @Test
    void aTakenPortIsNamedInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            try (Program program = refused(Map.of("JUBILEE_KAFKA_PORT", port))) {
                assertThat(program.exitCode()).isEqualTo(1);
                assertThat(program.output())
                        .isEqualTo(
                                "jubilee: Port "
                                        + port
                                        + ", which the settings give to the embedded Kafka, is taken.");
            }
        }
    }

    @Test
    void aWrongSettingIsNamedInOneLine() throws Exception {
        try (Program program = refused(Map.of("JUBILEE_KAFKA_PORT", "many"))) {
            assertThat(program.exitCode()).isEqualTo(1);
            assertThat(program.output())
                    .startsWith("jubilee: JUBILEE_KAFKA_PORT is \"many\"; allowed is")
                    .doesNotContain("\n");
        }
        assertThat(home).doesNotExist();
    }

    private Program refused(Map<String, String> settings) {
        return Program.start(home, List.of(), System.getProperty("java.class.path"), settings);
    }

    private static void write(Program program) throws SQLException, IOException {
        try (Connection connection = program.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE kept AS SELECT 1 AS id");
        }
    }

    private static int rows(Program program) throws SQLException, IOException {
        try (Connection connection = program.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM kept")) {
            row.next();
            return row.getInt(1);
        }
    }

    private boolean isRoot() throws IOException {
        return ownerOf(folder) == 0;
    }

    private static int ownerOf(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }
}
