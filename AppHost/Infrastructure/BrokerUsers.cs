using System.Security.Cryptography;
using System.Text;

namespace Tally.AppHost.Infrastructure;

/// <summary>The broker's users; what each may do stands in <c>services/Broker/tally.acl</c>.</summary>
internal static class BrokerUsers
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = ["ingest", "ackresponder", "simulator", "queryapi", "device", "viewer"];

    /// <summary>
    /// A line of Mosquitto's password file: <c>user:$7$iterations$salt$hash</c>, PBKDF2 with HMAC-SHA-512. 101 iterations are
    /// mosquitto_passwd's own; a password of 24 random characters needs no more.
    /// </summary>
    public static string PasswordLine(string user, string password) => PasswordLine(user, password, RandomNumberGenerator.GetBytes(12));

    /// <summary>The same with a given salt.</summary>
    internal static string PasswordLine(string user, string password, byte[] salt)
    {
        const int Iterations = 101;
        var hash = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA512, 64);
        return $"{user}:$7${Iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}";
    }
}
