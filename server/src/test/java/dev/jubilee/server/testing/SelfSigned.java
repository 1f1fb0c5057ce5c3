package dev.jubilee.server.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A certificate that nobody but its bearer has signed, for a server on the loopback address.
 *
 * @param store its key and certificate, PKCS12
 * @param pem the certificate alone, for those who are to trust it
 */
public record SelfSigned(Path store, Path pem) {
    public static final String PASSWORD = "a store's secret";

    private static final String ALIAS = "server";

    /** Makes one. */
    public static SelfSigned in(Path folder) throws IOException, InterruptedException {
        Path store = folder.resolve("server.p12");
        Path pem = folder.resolve("server.pem");
        keytool(
                store,
                List.of("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1"),
                List.of("-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1,dns:localhost"));
        keytool(store, List.of("-exportcert", "-rfc"), List.of("-file", pem.toString()));
        return new SelfSigned(store, pem);
    }

    private static void keytool(Path store, List<String> what, List<String> how)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(what);
        command.addAll(List.of("-alias", ALIAS, "-keystore", store.toString()));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
        command.addAll(how);
        Path log = Files.createTempFile(store.getParent(), "keytool", ".log");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(Files.readString(log, StandardCharsets.UTF_8));
        }
    }
}
